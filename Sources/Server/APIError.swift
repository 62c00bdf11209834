/// Why a request gets no prediction: the HTTP status and one sentence for the caller.
struct APIError: Error, Equatable {
  let status: Int
  let message: String
  /// The seconds after which it may be otherwise.
  var retryAfter: Int?

  static func badRequest(_ message: String) -> APIError { APIError(status: 400, message: message) }
  static func notFound(_ message: String) -> APIError { APIError(status: 404, message: message) }
  static func tooManyRows(_ rows: String, _ most: Int) -> APIError {
    tooLarge("\(rows) rows are more than the \(most) a request may hold (serving.rows_max): divide them")
  }

  static func tooLarge(_ message: String) -> APIError { APIError(status: 413, message: message) }
  static func unsupportedCoding(_ message: String) -> APIError { APIError(status: 415, message: message) }
  static func unavailable(_ message: String) -> APIError { APIError(status: 503, message: message, retryAfter: 1) }

  /// A text of the request as a message names it: its first 64 characters, in quotes.
  static func quote(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: 64, limitedBy: scalars.endIndex), end < scalars.endIndex
    else { return "“\(text)”" }
    return "“\(String(String.UnicodeScalarView(scalars[..<end])))…”"
  }
}

/// The request holds a polling thread up: it is to be asked again on the slow lane.
struct NeedsSlowLane: Error {}
