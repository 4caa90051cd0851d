import { readdirSync, readFileSync } from 'node:fs';
import { isCollectiveError } from '../../../../src/base/index.js';
import type { AccessClient } from './access-world.js';

const signal = new AbortController().signal;
const PROTO_FOLDER = new URL('../../../../proto/collective/v1/', import.meta.url);

/** `OK`, or the code that it was refused with. */
export async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'OK';
  } catch (error) {
    if (isCollectiveError(error)) return error.code;
    throw error;
  }
}

interface Outcome {
  readonly failure?: { readonly code: string } | undefined;
}

/** Of a plural call with one item: its own outcome. */
export const onlyOutcome = async (attempt: Promise<{ readonly outcomes: readonly Outcome[] }>): Promise<string> => {
  try {
    return (await attempt).outcomes[0]?.failure?.code ?? 'OK';
  } catch (error) {
    if (isCollectiveError(error)) return error.code;
    throw error;
  }
};

/** The messages of all proto files that are asked with and have such a field, as `Message.field`. */
export function requestFields(field: RegExp): readonly string[] {
  return readdirSync(PROTO_FOLDER)
    .filter((name) => name.endsWith('.proto'))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, PROTO_FOLDER), 'utf8').replace(/\/\/.*$|^message \w+ \{\}$/gm, '');
      return Array.from(text.matchAll(/^message (\w+) \{([\s\S]*?)^\}/gm)).flatMap(([, message = '', body = '']) =>
        Array.from(body.matchAll(/^\s*(?:optional |repeated )?string (\w+) = \d+;/gm), ([, each = '']) => each)
          .filter((each) => field.test(each))
          .map((each) => `${message}.${each}`),
      );
    })
    .filter((each) => !/^(\w*Response|\w*Info|MemberGrant)\./.test(each));
}

let requests = 0;
export const requestId = (): string => `attack-${(requests += 1)}`;

export const EMPTY_FILE = {
  path: '/file',
  sizeBytes: 0,
  mode: 0o644,
  modified: undefined,
  extentListIds: [],
  extents: [],
  contentType: '',
  makeParents: false,
};

const directory = { mode: 0o755, modified: undefined, makeParents: false, existOk: false };

const copy = { version: 0, replace: false, makeParents: false };
const policy = { copies: 2, minimumCopies: 0, spread: '' };
const memberChange = { member: 'bob', note: '' };
const grant = { member: 'bob', rights: ['read'], lifeMs: 0 };
const restore = { fileId: '', version: 0, atMs: 0, overwrite: false };

/** What the first page of a stream of pages says. */
async function codeOfFirst(pages: AsyncIterable<unknown>): Promise<string> {
  try {
    for await (const _page of pages) return 'OK';
    return 'OK';
  } catch (error) {
    if (isCollectiveError(error)) return error.code;
    throw error;
  }
}

/** Each request that takes a path, made with that path. The upload is one that the client has open. */
export const PATH_CALLS: Readonly<Record<string, (client: AccessClient, path: string, uploadId: string) => Promise<string>>> = {
  'StatRequest.path': ({ files }, path) => codeOf(files.stat({ path }, { signal })),
  'ListDirectoryRequest.path': ({ files }, path) => codeOf(files.listDirectory({ path, afterName: '', limit: 0 }, { signal })),
  'NewDirectory.path': ({ files }, path) =>
    onlyOutcome(files.makeDirectories({ requestId: requestId(), directories: [{ ...directory, path }] }, { signal })),
  'DamagedCopy.path': ({ files }, path) =>
    codeOf(
      files.reportDamage(
        { copies: [{ chunkId: `01${'0'.repeat(64)}`, nodeId: 'a'.repeat(16), code: 'CHUNK_DAMAGED', path }] },
        { signal },
      ),
    ),
  'NewSymlink.path': ({ files }, path) =>
    onlyOutcome(
      files.makeSymlinks(
        { requestId: requestId(), symlinks: [{ path, target: 'x', modified: undefined, replace: false }] },
        { signal },
      ),
    ),
  'AttributeChange.path': ({ files }, path) =>
    onlyOutcome(files.setAttributes({ requestId: requestId(), changes: [{ path, mode: 0o600 }] }, { signal })),
  'MoveEntryRequest.from_path': ({ files }, path) =>
    codeOf(files.moveEntry({ requestId: requestId(), fromPath: path, toPath: '/moved', replace: false }, { signal })),
  'MoveEntryRequest.to_path': ({ files }, path) =>
    codeOf(files.moveEntry({ requestId: requestId(), fromPath: '/there', toPath: path, replace: true }, { signal })),
  'RemoveEntryRequest.path': ({ files }, path) =>
    codeOf(files.removeEntry({ requestId: requestId(), path, recursive: true }, { signal })),
  'FileCommit.path': ({ files }, path, uploadId) =>
    onlyOutcome(
      files.commitFiles({ requestId: requestId(), uploadId, files: [{ ...EMPTY_FILE, path }], receipts: [] }, { signal }),
    ),
  'ReadTarget.path': async ({ files }, path) => {
    for await (const page of files.readFiles({ targets: [{ path, version: 0, offsetBytes: 0, lengthBytes: 0 }] }, { signal })) {
      return page.files[0]?.failure?.code ?? 'OK';
    }
    return 'no page';
  },
  'EntryCopy.from_path': ({ files }, path) =>
    onlyOutcome(
      files.copyEntries({ requestId: requestId(), copies: [{ ...copy, fromPath: path, toPath: '/copied' }] }, { signal }),
    ),
  'EntryCopy.to_path': ({ files }, path) =>
    onlyOutcome(
      files.copyEntries({ requestId: requestId(), copies: [{ ...copy, fromPath: '/thing', toPath: path }] }, { signal }),
    ),
  'FindEntriesRequest.path': ({ files }, path) =>
    codeOfFirst(files.findEntries({ path, name: '', kinds: [], underProtected: false, ignoreCase: false }, { signal })),
  'ListDeletedRequest.path': ({ files }, path) => codeOfFirst(files.listDeleted({ path, recursive: true }, { signal })),
  'ListVersionsRequest.path': ({ files }, path) => codeOfFirst(files.listVersions({ path }, { signal })),
  'LocateFilesRequest.path': ({ files }, path) =>
    codeOfFirst(files.locateFiles({ path, version: 0, recursive: true, withChunks: true }, { signal })),
  'PurgeEntryRequest.path': ({ files }, path) =>
    codeOf(files.purgeEntry({ requestId: requestId(), path, version: 0, recursive: true }, { signal })),
  'RestoreEntryRequest.path': ({ files }, path) =>
    codeOf(files.restoreEntry({ requestId: requestId(), ...restore, path, toPath: '' }, { signal })),
  'RestoreEntryRequest.to_path': ({ files }, path) =>
    codeOf(files.restoreEntry({ requestId: requestId(), ...restore, path: '/there', toPath: path }, { signal })),
  'GiveGrantRequest.path': ({ grants }, path) => codeOf(grants.giveGrant({ requestId: requestId(), ...grant, path }, { signal })),
  'ListGrantsRequest.path': ({ grants }, path) => codeOfFirst(grants.listGrants({ path, expiredToo: false }, { signal })),
  // There is no node to hold a byte of it: no upload is opened.
  'OpenUploadRequest.path': ({ files }, path) =>
    codeOf(files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 1, path }, { signal })),
  'SetPolicyRequest.path': ({ copies }, path) =>
    codeOf(copies.setPolicy({ requestId: requestId(), ...policy, path }, { signal })),
  'ShowPolicyRequest.path': ({ copies }, path) => codeOf(copies.showPolicy({ path }, { signal })),
};

/** Each request that carries a request id, made with that id and otherwise in order. */
export const NAMED_CALLS: Readonly<Record<string, (client: AccessClient, id: string, uploadId: string) => Promise<string>>> = {
  'OpenUploadRequest.request_id': ({ files }, id) =>
    codeOf(files.openUpload({ requestId: id, copies: 1, expectedBytes: 0 }, { signal })),
  'RecordExtentsRequest.request_id': ({ files }, id, uploadId) =>
    codeOf(
      files.recordExtents(
        { requestId: id, uploadId, extents: [{ offsetBytes: 0, lengthBytes: 9, chunkId: '' }], receipts: [] },
        { signal },
      ),
    ),
  'CommitFilesRequest.request_id': ({ files }, id, uploadId) =>
    onlyOutcome(files.commitFiles({ requestId: id, uploadId, files: [EMPTY_FILE], receipts: [] }, { signal })),
  'CloseUploadRequest.request_id': ({ files }, id, uploadId) =>
    codeOf(files.closeUpload({ requestId: id, uploadId, abandoned: false }, { signal })),
  'MakeDirectoriesRequest.request_id': ({ files }, id) =>
    onlyOutcome(files.makeDirectories({ requestId: id, directories: [{ ...directory, path: '/d' }] }, { signal })),
  'MakeSymlinksRequest.request_id': ({ files }, id) =>
    onlyOutcome(
      files.makeSymlinks(
        { requestId: id, symlinks: [{ path: '/s', target: 'x', modified: undefined, replace: false }] },
        { signal },
      ),
    ),
  'SetAttributesRequest.request_id': ({ files }, id) =>
    onlyOutcome(files.setAttributes({ requestId: id, changes: [{ path: '/', mode: 0o700 }] }, { signal })),
  'MoveEntryRequest.request_id': ({ files }, id) =>
    codeOf(files.moveEntry({ requestId: id, fromPath: '/there', toPath: '/elsewhere', replace: false }, { signal })),
  'RemoveEntryRequest.request_id': ({ files }, id) =>
    codeOf(files.removeEntry({ requestId: id, path: '/there', recursive: true }, { signal })),
  'IssueInviteRequest.request_id': ({ admin }, id) =>
    codeOf(admin.issueInvite({ requestId: id, kind: 'client', name: '', lifeMs: 0 }, { signal })),
  'CopyEntriesRequest.request_id': ({ files }, id) =>
    onlyOutcome(files.copyEntries({ requestId: id, copies: [{ ...copy, fromPath: '/there', toPath: '/copied' }] }, { signal })),
  'PurgeEntryRequest.request_id': ({ files }, id) =>
    codeOf(files.purgeEntry({ requestId: id, path: '/there', version: 0, recursive: true }, { signal })),
  'RestoreEntryRequest.request_id': ({ files }, id) =>
    codeOf(files.restoreEntry({ requestId: id, ...restore, path: '/there', toPath: '/back' }, { signal })),
  'RemoveNodeRequest.request_id': ({ admin }, id) =>
    codeOf(admin.removeNode({ requestId: id, node: 'x', force: false }, { signal })),
  'RevokeCertificatesRequest.request_id': ({ admin }, id) =>
    codeOf(admin.revokeCertificates({ requestId: id, role: 'client', subject: 'x', note: '', force: false }, { signal })),
  'NameWitnessesRequest.request_id': ({ witnesses }, id) =>
    codeOf(witnesses.nameWitnesses({ requestId: id, nodes: [], required: 0, evenAlone: false, automatic: true }, { signal })),
  'GiveGrantRequest.request_id': ({ grants }, id) =>
    codeOf(grants.giveGrant({ requestId: id, ...grant, path: '/there' }, { signal })),
  'WithdrawGrantRequest.request_id': ({ grants }, id) =>
    codeOf(grants.withdrawGrant({ requestId: id, grantId: '1-1' }, { signal })),
  'SetPolicyRequest.request_id': ({ copies }, id) =>
    codeOf(copies.setPolicy({ requestId: id, ...policy, path: '/there' }, { signal })),
  'SetPledgeRequest.request_id': ({ copies }, id) =>
    codeOf(copies.setPledge({ requestId: id, member: 'bob', bytes: 1 }, { signal })),
  'InviteMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.inviteMember({ requestId: id, name: '', lifeMs: 0, approved: false }, { signal })),
  'AcceptInviteRequest.request_id': ({ members }, id) =>
    codeOf(members.acceptInvite({ requestId: id, invite: 'none', name: '' }, { signal })),
  'ApproveMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.approveMember({ requestId: id, member: 'bob' }, { signal })),
  'RefuseMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.refuseMember({ requestId: id, ...memberChange }, { signal })),
  'SuspendMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.suspendMember({ requestId: id, ...memberChange }, { signal })),
  'ReinstateMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.reinstateMember({ requestId: id, member: 'bob' }, { signal })),
  'RemoveMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.removeMember({ requestId: id, ...memberChange, now: false }, { signal })),
  'RenameMemberRequest.request_id': ({ members }, id) =>
    codeOf(members.renameMember({ requestId: id, member: 'bob', name: 'rob' }, { signal })),
};
