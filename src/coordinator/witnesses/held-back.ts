import type { BoundService } from '../../transport/index.js';

/** The service, each answer of which waits until what it shows is settled. Without `paths`, all its methods. */
export function heldBack(service: BoundService, seen: () => Promise<void>, paths?: ReadonlySet<string>): BoundService {
  const methods = service.methods.map((method) => {
    if (paths !== undefined && !paths.has(method.path)) return method;
    return {
      ...method,
      async *run(...[requests, call]: Parameters<typeof method.run>): AsyncGenerator<Uint8Array, void, undefined> {
        for await (const response of method.run(requests, call)) {
          await seen();
          yield response;
        }
      },
    };
  });
  return { ...service, methods };
}
