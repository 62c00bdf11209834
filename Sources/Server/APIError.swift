/// Why a request gets no prediction: the HTTP status and one sentence for the caller.
struct APIError: Error, Equatable {
  let status: Int
  let message: String

  static func badRequest(_ message: String) -> APIError { APIError(status: 400, message: message) }
  static func notFound(_ message: String) -> APIError { APIError(status: 404, message: message) }
  static func tooLarge(_ message: String) -> APIError { APIError(status: 413, message: message) }
  static func unavailable(_ message: String) -> APIError { APIError(status: 503, message: message) }
}
