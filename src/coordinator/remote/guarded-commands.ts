import { assert, type CollectiveError, isMemberId, type MemberId, ok, type Result } from '../../base/index.js';
import { GrantScope, type Names } from '../../domain/index.js';
import type { Actor } from '../../events/index.js';
import type { Views } from '../../projections/index.js';
import type { Command, Submits } from '../commands/command-loop.js';

/** The member for whose client something is asked. */
function memberOf(actor: Actor): MemberId {
  const [kind, memberId = ''] = actor.split('/', 2);
  assert(kind === 'member' && isMemberId(memberId), 'only clients of other members come this way');
  return memberId;
}

/** Commands of other members' clients: what they would record is held against the grants at the moment of the decision. */
export function guardedCommands(commands: Submits): Submits {
  return {
    submit: <Answer>(command: Command<Answer>) =>
      commands.submit<Answer>({
        ...command,
        decide(views, context) {
          const decided = command.decide(views, context);
          if (!decided.ok) return decided;
          const allowed = new GrantScope(memberOf(command.actor), views, context.nowMs).allows(decided.value, context);
          return allowed.ok ? decided : allowed;
        },
        answer: (events) => command.answer(events),
      }),
  };
}

/** Of what is copied: see CopyCalls. */
export function mayReadSource(actor: Actor, names: Names, views: Views, nowMs: number): Result<undefined, CollectiveError> {
  const required = new GrantScope(memberOf(actor), views, nowMs).require(names, 'read');
  return required.ok ? ok(undefined) : required;
}
