/** Why a document, or one operation of it, cannot be offered; the words of all files here for saying so. */

/** The document cannot be used, and only a person can mend that. The message is for operators and holds no secret. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

/** The document could not be had this time; worth trying again. */
export class DocumentUnavailableError extends Error {
  override readonly name = 'DocumentUnavailableError';
}

/** One operation cannot be offered; the rest of the document can. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** The arguments of a call do not fit the operation: told to the model, and nothing is sent. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}
