// The ids of the tables. A plain number may be used as any of them, but the compiler refuses one kind of id
// where another is expected.

declare const kind: unique symbol
type Id<Kind> = number & { readonly [kind]?: Kind }

/** Index into `Strings`; 0 is `''`. */
export type StringId = Id<'string'>
/** Index into `Frames`. */
export type FrameId = Id<'frame'>
/** Index into `Stacks`; 0 is the empty stack. */
export type StackId = Id<'stack'>
