/// Why a request gets no prediction: the HTTP status and one sentence for the caller.
struct APIError: Error, Equatable {
  let status: Int
  let message: String
  /// The seconds after which it may be otherwise.
  var retryAfter: Int?

  static func badRequest(_ message: String) -> APIError { APIError(status: 400, message: message) }
  static func notFound(_ message: String) -> APIError { APIError(status: 404, message: message) }
  static func tooLarge(_ message: String) -> APIError { APIError(status: 413, message: message) }
  static func unsupportedCoding(_ message: String) -> APIError { APIError(status: 415, message: message) }
  static func unavailable(_ message: String) -> APIError { APIError(status: 503, message: message, retryAfter: 1) }
}

/// The request holds a polling thread up: it is to be asked again on the slow lane.
struct NeedsSlowLane: Error {}
