import { CollectiveError, isCollectiveError, LIMITS } from '../../base/index.js';
import type { DamagedCopy, EntryInfo, Failure, FilesServiceDefinition, RpcClient } from '../../transport/index.js';

type Files = RpcClient<typeof FilesServiceDefinition>;

/** Whose tree a request is about; undefined: the own. */
type Member = string | undefined;

/** `bob:/photos` as its two parts. Paths of the own tree have no member. */
function partsOf(path: string): { readonly member: Member; readonly plain: string } {
  const colon = path.startsWith('/') ? -1 : path.indexOf(':/');
  return colon < 0 ? { member: undefined, plain: path } : { member: path.slice(0, colon), plain: path.slice(colon + 1) };
}

const plain = (path: string): string => partsOf(path).plain;

/**
 * All trees as one: requests go to the member that their paths name, without it, and what comes back names it again. An upload
 * belongs to the member in whose tree it was opened. Error: UNSUPPORTED where one request names several members.
 */
export function filesOfMembers(own: Files, open: (member: string) => Files): Files {
  const others = new Map<string, Files>();
  const uploads = new Map<string, string>();

  const to = (member: Member): Files => {
    if (member === undefined) return own;
    const known = others.get(member) ?? open(member);
    others.set(member, known);
    return known;
  };
  const route = (paths: readonly string[]): Route => {
    const members = new Set(paths.map((path) => partsOf(path).member));
    if (members.size > 1) throw severalMembers(paths);
    const [member] = members;
    return routeTo(member, to(member));
  };
  const ofUpload = (uploadId: string): Route => {
    const member = uploads.get(uploadId);
    return routeTo(member, to(member));
  };

  return {
    async openUpload(request, options) {
      const { files, member, told } = route([request.path ?? '/']);
      const sent = request.path === undefined ? request : { ...request, path: plain(request.path) };
      const opened = await told(files.openUpload(sent, options));
      if (member !== undefined) {
        const [oldest] = uploads.keys();
        if (uploads.size >= LIMITS.openUploadsPerClient && oldest !== undefined) uploads.delete(oldest);
        uploads.set(opened.uploadId, member);
      }
      return opened;
    },
    placeChunks(request, options) {
      const { files, told } = ofUpload(request.uploadId);
      return told(files.placeChunks(request, options));
    },
    recordExtents(request, options) {
      const { files, told } = ofUpload(request.uploadId);
      return told(files.recordExtents(request, options));
    },
    async commitFiles(request, options) {
      const { files, told, failures } = ofUpload(request.uploadId);
      const sent = request.files.map((file) => ({ ...file, path: plain(file.path) }));
      const answer = await told(files.commitFiles({ ...request, files: sent }, options));
      return { ...answer, outcomes: failures(answer.outcomes) };
    },
    async closeUpload(request, options) {
      const { files, told } = ofUpload(request.uploadId);
      const closed = await told(files.closeUpload(request, options));
      uploads.delete(request.uploadId);
      return closed;
    },
    async *readFiles(request, options) {
      const { files, entry, failures, stream } = route(request.targets.map(({ path }) => path));
      const targets = request.targets.map((target) => ({ ...target, path: plain(target.path) }));
      for await (const page of stream(files.readFiles({ ...request, targets }, options))) {
        yield { ...page, files: failures(page.files).map((file) => ({ ...file, info: entry(file.info) })) };
      }
    },
    async stat(request, options) {
      const { files, told, entry } = route([request.path]);
      const answer = await told(files.stat({ ...request, path: plain(request.path) }, options));
      return { ...answer, entry: entry(answer.entry) };
    },
    async listDirectory(request, options) {
      const { files, told, entries } = route([request.path]);
      const answer = await told(files.listDirectory({ ...request, path: plain(request.path) }, options));
      return { ...answer, entries: entries(answer.entries) };
    },
    async makeDirectories(request, options) {
      const { files, told, failures } = route(request.directories.map(({ path }) => path));
      const directories = request.directories.map((each) => ({ ...each, path: plain(each.path) }));
      const answer = await told(files.makeDirectories({ ...request, directories }, options));
      return { ...answer, outcomes: failures(answer.outcomes) };
    },
    async makeSymlinks(request, options) {
      const { files, told, failures } = route(request.symlinks.map(({ path }) => path));
      const symlinks = request.symlinks.map((each) => ({ ...each, path: plain(each.path) }));
      const answer = await told(files.makeSymlinks({ ...request, symlinks }, options));
      return { ...answer, outcomes: failures(answer.outcomes) };
    },
    async setAttributes(request, options) {
      const { files, told, failures } = route(request.changes.map(({ path }) => path));
      const changes = request.changes.map((each) => ({ ...each, path: plain(each.path) }));
      const answer = await told(files.setAttributes({ ...request, changes }, options));
      return { ...answer, outcomes: failures(answer.outcomes) };
    },
    async moveEntry(request, options) {
      const { fromPath, toPath } = request;
      const { files, told, entry } = route([fromPath, toPath]);
      const answer = await told(files.moveEntry({ ...request, fromPath: plain(fromPath), toPath: plain(toPath) }, options));
      return { ...answer, entry: entry(answer.entry) };
    },
    async removeEntry(request, options) {
      const { files, told } = route([request.path]);
      return told(files.removeEntry({ ...request, path: plain(request.path) }, options));
    },
    async *listVersions(request, options) {
      const { files, stream } = route([request.path]);
      yield* stream(files.listVersions({ ...request, path: plain(request.path) }, options));
    },
    async *listDeleted(request, options) {
      const { files, path, stream } = route([request.path]);
      for await (const page of stream(files.listDeleted({ ...request, path: plain(request.path) }, options))) {
        yield { ...page, deleted: page.deleted.map((each) => ({ ...each, path: path(each.path) })) };
      }
    },
    async restoreEntry(request, options) {
      const { toPath } = request;
      const { files, told, entry } = route(toPath === '' ? [request.path] : [request.path, toPath]);
      const answer = await told(files.restoreEntry({ ...request, path: plain(request.path), toPath: plain(toPath) }, options));
      return { ...answer, entry: entry(answer.entry) };
    },
    async purgeEntry(request, options) {
      const { files, told } = route([request.path]);
      return told(files.purgeEntry({ ...request, path: plain(request.path) }, options));
    },
    async copyEntries(request, options) {
      const { files, told, failures } = route(request.copies.flatMap(({ fromPath, toPath }) => [fromPath, toPath]));
      const copies = request.copies.map((each) => ({
        ...each,
        fromPath: plain(each.fromPath),
        toPath: plain(each.toPath),
      }));
      const answer = await told(files.copyEntries({ ...request, copies }, options));
      return { ...answer, outcomes: failures(answer.outcomes) };
    },
    async *findEntries(request, options) {
      const { files, entries, stream } = route([request.path]);
      for await (const page of stream(files.findEntries({ ...request, path: plain(request.path) }, options))) {
        yield { ...page, entries: entries(page.entries) };
      }
    },
    async *locateFiles(request, options) {
      const { files, entry, stream } = route([request.path]);
      for await (const page of stream(files.locateFiles({ ...request, path: plain(request.path) }, options))) {
        yield { ...page, files: page.files.map((file) => ({ ...file, info: entry(file.info) })) };
      }
    },
    async reportDamage({ copies }, options) {
      const trees = new Map<Member, DamagedCopy[]>();
      for (const copy of copies) {
        const { member, plain: path } = partsOf(copy.path ?? '/');
        trees.set(member, [...(trees.get(member) ?? []), copy.path === undefined ? copy : { ...copy, path }]);
      }
      await Promise.all([...trees].map(([member, found]) => to(member).reportDamage({ copies: found }, options)));
      return {};
    },
  };
}

interface Route {
  readonly member: Member;
  readonly files: Files;
  /** What the member said, in terms of its tree. */
  readonly told: <Answer>(answer: Promise<Answer>) => Promise<Answer>;
  readonly stream: <Page>(pages: AsyncIterable<Page>) => AsyncIterable<Page>;
  readonly path: (plainPath: string) => string;
  readonly entry: (info: EntryInfo | undefined) => EntryInfo | undefined;
  readonly entries: (infos: readonly EntryInfo[]) => EntryInfo[];
  /** What was refused of a plural call. */
  readonly failures: <Outcome extends { readonly failure?: Failure | undefined }>(outcomes: readonly Outcome[]) => Outcome[];
}

function routeTo(member: Member, files: Files): Route {
  const path = (plainPath: string): string => (member === undefined ? plainPath : `${member}:${plainPath}`);
  const named = (error: unknown): unknown => (member === undefined ? error : inTreeOf(member, error));
  return {
    member,
    files,
    async told(answer) {
      try {
        return await answer;
      } catch (error) {
        throw named(error);
      }
    },
    async *stream(pages) {
      try {
        yield* pages;
      } catch (error) {
        throw named(error);
      }
    },
    path,
    entry: (info) => (info === undefined ? undefined : { ...info, path: path(info.path) }),
    entries: (infos) => infos.map((info) => ({ ...info, path: path(info.path) })),
    failures: (outcomes) =>
      outcomes.map((outcome) => {
        const { failure } = outcome;
        if (failure === undefined || member === undefined) return outcome;
        const [message, next] = [inWords(member, failure.message), inWords(member, failure.next)];
        return { ...outcome, failure: { ...failure, message, next } };
      }),
  };
}

/** A path at the beginning of a word. */
const PATHS = /(?<=^|\s)\/(?=\S|$)/g;

/** The owner speaks of its own tree: `/photos` is `bob:/photos` here. */
const inWords = (member: string, text: string): string => text.replace(PATHS, `${member}:/`);

function inTreeOf(member: string, error: unknown): unknown {
  if (!isCollectiveError(error) || typeof error.details['member'] === 'string') return error;
  const { path } = error.details;
  return new CollectiveError(error.code, inWords(member, error.message), {
    ...(error.next === undefined ? {} : { next: inWords(member, error.next) }),
    details: { ...error.details, member, ...(typeof path === 'string' ? { path: `${member}:${path}` } : {}) },
    cause: error,
  });
}

function severalMembers(paths: readonly string[]): CollectiveError {
  const [from = '', to = ''] = [paths[0], paths.find((path) => partsOf(path).member !== partsOf(paths[0] ?? '').member)];
  return new CollectiveError('UNSUPPORTED', `${from} and ${to} are in the trees of different members.`, {
    next: `Fetch it and put it there: collective get ${from} . and then collective put <what came> ${to}`,
  });
}
