/** How many copies the member wants of what is stored, and how many are enough for now. */
export interface CopiesPolicy {
  readonly wanted: number;
  /** At most `wanted`. A file with fewer copies than wanted is shown as under-protected. */
  readonly minimum: number;
}

/** How many copies an upload must have before its files are visible. Whoever asks for another number than is wanted means it. */
export const minimumCopies = (policy: CopiesPolicy | undefined, copies: number): number =>
  policy !== undefined && copies === policy.wanted ? Math.min(policy.minimum, copies) : copies;

/** The same for an upload that is open: what it was opened with, or of an old one what the setting says. */
export const enoughFor = (
  upload: { readonly copies: number; readonly minimumCopies: number },
  policy: CopiesPolicy | undefined,
): number => (upload.minimumCopies > 0 ? upload.minimumCopies : minimumCopies(policy, upload.copies));
