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

  /// The value of a header, whatever the case of its name; where it is there several times, all values with commas between
  /// (RFC 9110, 5.3).
  public func header(_ name: StaticString) -> String? {
    var found = Found(name: name)
    withUnsafeMutablePointer(to: &found) { found in
      _ = MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { context, _, name, nameBytes, value, valueBytes in
          guard let found = context?.assumingMemoryBound(to: Found.self), let name else { return .NO }
          guard RequestHead.equal(UnsafeRawBufferPointer(start: name, count: nameBytes), found.pointee.name) else {
            return .YES
          }
          let text = String(decoding: UnsafeRawBufferPointer(start: value, count: valueBytes), as: UTF8.self)
          found.pointee.value = found.pointee.value.map { $0 + ", " + text } ?? text
          return .YES
        }, found)
    }
    return found.value
  }

  /// A header that is looked for.
  private struct Found {
    let name: StaticString
    var value: String?
  }
}
