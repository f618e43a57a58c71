/**
 * The package a user imports: open a world, its types and its errors.
 */
export {}
