import type { CollectiveEvent, EventType } from '../../catalogue/index.js';
import type { EventShape } from '../event-shape.js';
import { certificates } from './certificates.js';
import type { FieldsOfEvent } from './fields-of-event.js';
import { files } from './files.js';
import { members } from './members.js';
import { nodes } from './nodes.js';
import { peers } from './peers.js';
import { sharing } from './sharing.js';
import { uploads } from './uploads.js';

type EventOf<Type extends EventType> = Extract<CollectiveEvent, { readonly type: Type }>;

/**
 * The shape of every event's payload: the compiler refuses a type of the catalogue that has none.
 *
 * To add an event: its interface in `catalogue/` and in the union there, its shape here, a sample in
 * `test/fixtures/events/samples.ts` (then run `regenerate.ts` beside it), and its line in docs/log-format.md.
 * To change one: `.next(fields, upcast)` on its shape; what stands before is never touched.
 */
export const EVENT_SHAPES: { readonly [Type in EventType]: EventShape<FieldsOfEvent<EventOf<Type>>> } = {
  ...members,
  ...certificates,
  ...nodes,
  ...uploads,
  ...files,
  ...peers,
  ...sharing,
};
