import CMicrohttpd

/// One request, whole. Valid only inside the handler: its pointers are the library's.
public struct HTTPRequest {
  public let method: HTTPMethod
  /// The path without the query, percent signs resolved but for those of slashes; UTF-8.
  public let path: UnsafeRawBufferPointer
  /// At least `bodyPaddingBytes` readable bytes follow its end, for parsers that read ahead.
  public let body: UnsafeRawBufferPointer
  /// Whether this is the slow lane: the handler may take its time and must answer.
  public let isDeferred: Bool
  private let connection: OpaquePointer

  public static let bodyPaddingBytes = 64

  init(
    method: HTTPMethod, path: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, isDeferred: Bool,
    connection: OpaquePointer
  ) {
    self.method = method
    self.path = path
    self.body = body
    self.isDeferred = isDeferred
    self.connection = connection
  }

  public var pathText: String { String(decoding: path, as: UTF8.self) }

  /// The value of a header, whatever the case of its name.
  public func header(_ name: StaticString) -> String? {
    name.withUTF8Buffer { name in
      // A static string ends with a zero byte.
      name.withMemoryRebound(to: CChar.self) { name in
        MHD_lookup_connection_value(connection, .HEADER_KIND, name.baseAddress).map { String(cString: $0) }
      }
    }
  }
}
