/**
 * Numbers and tables as text, without the libraries that draw.
 *
 * @module
 */
export * from './columns.js';
export * from './format.js';
