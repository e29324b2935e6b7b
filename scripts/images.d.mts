// Types of images.mjs for the tests.

/** The line that every initramfs prints when the kernel has started its first process. */
export const USERSPACE_LINE: string;

/** What a host prints after its guest, followed by the exit code of the VMM. */
export const VMM_LINE: string;

/** Path of an image; it exists only after `takeImages`. Throws a sentence for an unknown name. */
export function imagePath(result: string): string;

/** Takes the named images that are missing and returns how many that were. Throws a sentence when it cannot. */
export function takeImages(names: readonly string[]): number;

/** Names of the images of a set. */
export function imagesOf(set: 'tests' | 'ladder'): string[];
