import CMicrohttpd
import Glibc

/// The headers that decide where a message ends and what it means, read once and strictly: what two readers could read
/// differently is refused, because behind a proxy one of them is the proxy.
///
/// - Source: RFC 9110, RFC 9112.
struct RequestHead {
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var expectsContinue = false

  private var hosts = 0
  private var lengths = 0
  private var codings = 0
  private var bytes = 0
  private var problem: HTTPRefusal?
  /// Where the last value ends.
  private var end: UnsafeRawPointer?

  /// - Throws: `HTTPRefusal`.
  init(_ connection: OpaquePointer, version: UnsafePointer<CChar>, limits: HTTPLimits) throws {
    withUnsafeMutablePointer(to: &self) { head in
      _ = MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { context, _, name, nameBytes, value, valueBytes in
          guard let context, let name else { return .NO }
          let head = context.assumingMemoryBound(to: RequestHead.self)
          head.pointee.take(
            UnsafeRawBufferPointer(start: name, count: nameBytes),
            UnsafeRawBufferPointer(start: value, count: valueBytes))
          return head.pointee.problem == nil ? .YES : .NO
        }, head)
    }
    if let problem { throw problem }
    let isOld = strcmp(version, "HTTP/1.0") == 0
    guard bytes <= limits.headBytesMax else {
      throw HTTPRefusal(
        status: 431, message: "the headers are larger than the \(limits.headBytesMax) bytes allowed",
        endsConnection: true)
    }
    guard hosts == 1 || (hosts == 0 && isOld) else {
      throw HTTPRefusal.malformed(hosts == 0 ? "the header Host is missing" : "the header Host is there twice")
    }
    guard lengths <= 1 else { throw HTTPRefusal.malformed("the header Content-Length is there twice") }
    guard codings == 0 || lengths == 0 else {
      throw HTTPRefusal.malformed("Content-Length and Transfer-Encoding contradict each other")
    }
    guard codings <= 1 else { throw HTTPRefusal.malformed("the header Transfer-Encoding is there twice") }
    guard codings == 0 || !isOld else { throw HTTPRefusal.malformed("HTTP/1.0 knows no Transfer-Encoding") }
  }

  private mutating func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    bytes += name.count + value.count + 4
    // A line that goes on with the one before (obs-fold, RFC 9112, 5.2): the library adds it to the name, elsewhere in its
    // memory, and a length may go unseen.
    guard Self.isBlank(from: name.baseAddress.map { $0 + name.count }, to: value.baseAddress),
      end == nil || Self.isBlank(from: end, to: name.baseAddress)
    else { return problem = .malformed("a header goes on in the next line") }
    end = value.baseAddress.map { $0 + value.count }
    guard !name.isEmpty, name.allSatisfy(Self.isToken) else {
      return problem = .malformed("a header's name holds what it may not")
    }
    guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
      return problem = .malformed("a header's value holds a control character")
    }
    switch name.count {
    case 4 where Self.equal(name, "host"):
      hosts += 1
      if value.contains(where: { $0 <= 0x20 || $0 == 0x2C || $0 == 0x2F || $0 == 0x40 }) {
        problem = .malformed("the header Host names no host")
      }
    case 6 where Self.equal(name, "expect"):
      guard Self.equal(value, "100-continue") else {
        return problem = HTTPRefusal(status: 417, message: "only 100-continue can be expected", endsConnection: true)
      }
      expectsContinue = true
    case 14 where Self.equal(name, "content-length"): takeLength(value)
    case 17 where Self.equal(name, "transfer-encoding"):
      codings += 1
      isChunked = Self.equal(value, "chunked")
      if !isChunked {
        problem = HTTPRefusal(
          status: 501, message: "the only Transfer-Encoding understood is chunked", endsConnection: true)
      }
    default: break
    }
  }

  private mutating func takeLength(_ value: UnsafeRawBufferPointer) {
    lengths += 1
    guard !value.isEmpty, value.allSatisfy({ $0 &- 0x30 < 10 }) else {
      return problem = .malformed("the header Content-Length is no number")
    }
    // What no integer holds is too large as well.
    contentLength = value.reduce(0) { length, digit in
      let (ten, overflows) = length.multipliedReportingOverflow(by: 10)
      return overflows
        ? .max : ten.addingReportingOverflow(Int(digit &- 0x30)).overflow ? .max : ten + Int(digit &- 0x30)
    }
  }

  static func equal(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
    return strncasecmp(
      base.assumingMemoryBound(to: CChar.self),
      UnsafeRawPointer(word.utf8Start)
        .assumingMemoryBound(to: CChar.self), bytes.count) == 0
  }

  /// Whether nothing but ends of lines and blanks lies between two parts of the head, in their order.
  private static func isBlank(from start: UnsafeRawPointer?, to end: UnsafeRawPointer?) -> Bool {
    guard let start, let end, start <= end, end - start <= HTTPLimits.connectionMemoryBytes else { return false }
    return UnsafeRawBufferPointer(start: start, count: end - start).allSatisfy { $0 <= 0x20 }
  }

  /// What names of headers are made of (RFC 9110, 5.6.2).
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x7C, 0x7E, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E: true
    default: false
    }
  }
}
