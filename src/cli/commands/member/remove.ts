import { Flags } from '@oclif/core';
import { counted } from '../../../base/index.js';
import type { CollectiveClient } from '../../../client/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { memberArg, noteFlag } from '../../base/member-command.js';
import { printable } from '../../format/entries.js';
import { cutText, memberJson, type MemberJson, upToText } from '../../format/members.js';
import { transferView } from '../../progress/transfer-bar.js';

interface Removed extends MemberJson {
  readonly cutCalls: number;
  /** Chunks of which there are fewer copies than wanted without it; null: with --now that is not found out. */
  readonly chunksBelow: number | null;
  /** Some of the files with too few copies. */
  readonly filesBelow: readonly string[];
}

const FILES_TOLD = 4;
const LOOKED_FOR_MS = 5_000;

export default class MemberRemove extends ClientCommand {
  static override summary = 'Part with a member: its connections end, and nothing is taken from it any more.';
  static override description =
    'What lies with it is copied elsewhere first, as far as there is room, which may take a while; --now does without. What it wrote ' +
    'before stays, to be looked at. No introduction brings it back, only another invite. Others decide for themselves.';
  static override aliases = ['member:rm'];
  static override args = memberArg;
  static override flags = {
    ...noteFlag,
    now: Flags.boolean({ description: 'Without copying elsewhere first what lies with it.' }),
  };

  protected override readonly whenInterrupted =
    'Interrupted: the member is not removed. What was copied elsewhere stays; the same command goes on from there.';

  async run(): Promise<Removed> {
    const { args, flags } = await this.parse(MemberRemove);
    const { client } = await this.client(flags.context);
    const before = (await client.members.show(args.member, this.interrupted)).details?.ourChunksThere ?? 0;
    const chunksBelow = flags.now ? null : await this.#copyElsewhere(client, args.member);
    const wish = { member: args.member, note: flags.note, now: flags.now };
    const { member: info, cutCalls } = await client.members.remove(wish, this.interrupted);
    const member = memberJson(info);
    const is = info.unchanged === true ? 'was removed already' : 'is removed';
    this.say(`${member.name} ${is}. ${upToText(member.acceptedUpTo)}${cutText(cutCalls)}`);
    const isLess = info.unchanged !== true && (chunksBelow ?? before) > 0;
    const filesBelow = isLess ? await this.#filesBelow(client) : [];
    if (isLess) this.say(lessText(member.name, { chunksBelow, before, filesBelow }));
    return { ...member, cutCalls, chunksBelow, filesBelow };
  }

  /** Some of the files with too few copies; in a large tree, those that are found soon. */
  async #filesBelow(client: CollectiveClient): Promise<readonly string[]> {
    const soon = AbortSignal.timeout(LOOKED_FOR_MS);
    const paths: string[] = [];
    try {
      const found = client.tree.find('/', { underProtected: true }, AbortSignal.any([this.interrupted, soon]));
      for await (const { path } of found) {
        paths.push(path);
        if (paths.length > FILES_TOLD) break;
      }
    } catch (error) {
      if (!soon.aborted) throw error;
    }
    return paths;
  }

  /** Of how many chunks there are fewer copies than wanted without it. */
  async #copyElsewhere(client: CollectiveClient, member: string): Promise<number> {
    const view = await transferView(this.interactive, 'copied elsewhere', 'chunks');
    this.atEnd(() => view.stop());
    let began = false;
    let below = 0;
    for await (const progress of client.copies.replace(member, this.interrupted)) {
      const { chunks, bytes, chunksDone, bytesDone } = progress;
      below = progress.chunksBelow ?? 0;
      if (!began) view.onTotals({ files: chunks, bytes });
      began = true;
      view.onProgress({ files: chunksDone, bytes: bytesDone, knownBytes: 0 });
    }
    view.stop();
    return below;
  }
}

/** What has fewer copies than wanted now, and what to do. */
function lessText(
  name: string,
  left: { readonly chunksBelow: number | null; readonly before: number; readonly filesBelow: readonly string[] },
): string {
  const { chunksBelow, before, filesBelow } = left;
  const what =
    chunksBelow === null
      ? `${counted(before, 'chunk')} of yours had a copy with ${name}, which does not count any more.`
      : `${counted(chunksBelow, 'chunk')} ${chunksBelow === 1 ? 'has' : 'have'} fewer copies than wanted without ${name}: there was no room for them elsewhere now.`;
  const told = filesBelow.slice(0, FILES_TOLD).map(printable).join(', ');
  const files = told === '' ? '' : ` With too few copies: ${told}${filesBelow.length > FILES_TOLD ? ', and more' : ''}.`;
  return `${what}${files}\nNext: make room (collective status), then put the files again; see all: collective find / --under-protected`;
}
