import { CollectiveError, LIMITS } from '../../base/index.js';
import { MemberCard, MemberJoinAnswer } from '../generated/collective/v1/members.js';
import type { MessageCodec } from '../rpc/definition.js';

// Proofs are over the bytes as they were sent, so these travel encoded.
export const encodeMemberCard = (card: MemberCard): Uint8Array => MemberCard.encode(card).finish();
export const encodeMemberAnswer = (answer: MemberJoinAnswer): Uint8Array => MemberJoinAnswer.encode(answer).finish();

/** Errors: REQUEST_INVALID. */
export const decodeMemberCard = (bytes: Uint8Array): MemberCard => decode(MemberCard, bytes);
/** Errors: REQUEST_INVALID. */
export const decodeMemberAnswer = (bytes: Uint8Array): MemberJoinAnswer => decode(MemberJoinAnswer, bytes);

function decode<Message>(codec: MessageCodec<Message>, bytes: Uint8Array): Message {
  try {
    if (bytes.length <= LIMITS.enrolmentMessageBytes) return codec.decode(bytes);
  } catch (error) {
    throw new CollectiveError('REQUEST_INVALID', 'What a member says of itself cannot be read.', { cause: error });
  }
  throw new CollectiveError('REQUEST_INVALID', 'What a member says of itself is too long.');
}
