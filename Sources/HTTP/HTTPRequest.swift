import CMicrohttpd

/// One request, whole. Valid only inside the handler: its pointers are the library's.
public struct HTTPRequest {
  public let method: HTTPMethod
  /// The path without the query, percent signs decoded.
  public let path: UnsafeRawBufferPointer
  /// At least `bodyPaddingBytes` readable bytes follow its end, for parsers that read ahead.
  public let body: UnsafeRawBufferPointer
  private let connection: OpaquePointer

  public static let bodyPaddingBytes = 64

  init(method: HTTPMethod, path: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, connection: OpaquePointer) {
    self.method = method
    self.path = path
    self.body = body
    self.connection = connection
  }

  public var pathText: String { String(decoding: path, as: UTF8.self) }

  /// The value of a header, whatever the case of its name.
  public func header(_ name: String) -> String? {
    MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
  }

  /// The value of an argument after the question mark.
  public func argument(_ name: String) -> String? {
    MHD_lookup_connection_value(connection, .GET_ARGUMENT_KIND, name).map { String(cString: $0) }
  }
}
