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

  /// A header's line.
  public struct Header {
    public let name: UnsafeRawBufferPointer
    public let value: UnsafeRawBufferPointer

    /// Whether it has that name, whatever its case.
    public func isNamed(_ name: StaticString) -> Bool { RequestHead.equal(self.name, name) }

    /// Its value behind what the same header said before, with a comma between (RFC 9110, 5.3).
    public func text(after before: String?) -> String {
      let text = String(decoding: value, as: UTF8.self)
      return before.map { $0 + ", " + text } ?? text
    }
  }

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

  /// The first value of a parameter of the query (`?explain=true`), percent signs resolved; nil: it is not there, or has none.
  public func queryValue(_ name: String) -> String? {
    MHD_lookup_connection_value(connection, .GET_ARGUMENT_KIND, name).map { String(cString: $0) }
  }

  /// The value of a header, whatever the case of its name; where it is there several times, all values with commas between
  /// (RFC 9110, 5.3).
  public func header(_ name: StaticString) -> String? {
    var found: String?
    eachHeader { if $0.isNamed(name) { found = $0.text(after: found) } }
    return found
  }

  /// Calls `body` with each header, in their order: once through them all, for whoever wants several.
  public func eachHeader(_ body: (Header) -> Void) {
    withoutActuallyEscaping(body) { body in
      var walk = Walk(body: body)
      withUnsafeMutablePointer(to: &walk) { walk in
        _ = MHD_get_connection_values_n(
          connection, .HEADER_KIND,
          { context, _, name, nameBytes, value, valueBytes in
            guard let context, let name else { return .NO }
            context.assumingMemoryBound(to: Walk.self).pointee.body(
              Header(
                name: UnsafeRawBufferPointer(start: name, count: nameBytes),
                value: UnsafeRawBufferPointer(start: value, count: valueBytes)))
            return .YES
          }, walk)
      }
    }
  }

  /// What is done with each header.
  private struct Walk {
    let body: (Header) -> Void
  }
}
