/** What the id of a dataset or variant looks like: it names a folder. A “+” joins a variant, its defence and swept settings, a “=” a setting and its value. */
export const FOLDER_NAME = /^\w[\w.+=-]*$/;
