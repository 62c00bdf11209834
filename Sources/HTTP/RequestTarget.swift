import Glibc

/// What a request asks for, out of the first line: the path, escapes resolved where that changes nothing but spelling.
///
/// An escaped slash stays escaped, so that it never becomes a border between two parts.
struct RequestTarget {
  /// The path as the library keeps it, where nothing had to be resolved.
  private let plain: UnsafeRawBufferPointer
  private let resolved: [UInt8]?

  /// - Parameter text: The target without its query, escapes as they were sent; alive as long as the request.
  /// - Throws: `HTTPRefusal`.
  init(_ text: UnsafePointer<CChar>, method: HTTPMethod) throws {
    var bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
    if bytes.first != UInt8(ascii: "/") {
      guard let path = Self.path(of: bytes, method) else {
        throw HTTPRefusal.malformed("the request's target is neither a path nor an http URL")
      }
      bytes = path
    }
    plain = bytes
    var isPlain = true
    for byte in bytes {
      guard byte > 0x20, byte < 0x7F else {
        throw HTTPRefusal.malformed("the request's target holds what has to be escaped")
      }
      if byte == UInt8(ascii: "%") { isPlain = false }
    }
    resolved = isPlain ? nil : try Self.resolve(bytes)
  }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    resolved.map { $0.withUnsafeBytes(body) } ?? body(plain)
  }

  /// Of the forms other than a path: `http://host/path`, and the `*` of OPTIONS.
  private static func path(of target: UnsafeRawBufferPointer, _ method: HTTPMethod) -> UnsafeRawBufferPointer? {
    if target.count == 1, target[0] == UInt8(ascii: "*") { return method == .options ? target : nil }
    guard let start = target.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
    let scheme = strncasecmp(start, "http://", 7) == 0 ? 7 : strncasecmp(start, "https://", 8) == 0 ? 8 : 0
    guard scheme > 0 else { return nil }
    let rest = target[scheme...]
    let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? target.endIndex
    guard end > scheme, !rest[..<end].contains(UInt8(ascii: "@")) else { return nil }
    return end == target.endIndex ? root : UnsafeRawBufferPointer(rebasing: target[end...])
  }

  private static let slash: StaticString = "/"
  private static var root: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: slash.utf8Start, count: 1) }

  private static func resolve(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    var path: [UInt8] = []
    path.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      guard byte == UInt8(ascii: "%") else {
        path.append(byte)
        continue
      }
      guard place + 2 <= bytes.count, let high = digit(bytes[place]), let low = digit(bytes[place + 1]) else {
        throw HTTPRefusal.malformed("an escape in the request's target lacks its two digits")
      }
      let value = high << 4 | low
      guard value >= 0x20, value != 0x7F else {
        throw HTTPRefusal.malformed("the request's target holds an escaped control character")
      }
      if value == UInt8(ascii: "/") { path += bytes[(place - 1)..<(place + 2)] } else { path.append(value) }
      place += 2
    }
    guard String(validating: path, as: UTF8.self) != nil else {
      throw HTTPRefusal.malformed("the request's target is not UTF-8")
    }
    return path
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
  }
}
