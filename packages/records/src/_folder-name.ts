/** What the id of a dataset or variant looks like: it names a folder. A “+” joins a variant and its defence. */
export const FOLDER_NAME = /^\w[\w.+-]*$/;
