/// What bytes that should be UTF-8 are instead, for whoever has to tell a person.
public enum TextEncoding {
  /// As Windows' programs write it before UTF-8; it means nothing.
  public static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// UTF-16 or UTF-32, by its mark or, where the first characters are ASCII, without one; as `iconv` names it.
  public static func wideName(of prefix: some Collection<UInt8>) -> String? {
    let bytes = Array(prefix.prefix(4))
    if bytes == [0xFF, 0xFE, 0, 0] || bytes == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    return switch bytes.map({ $0 == 0 }) {
    case [false, true, false, true]: "UTF-16LE"
    case [true, false, true, false]: "UTF-16BE"
    case [false, true, true, true]: "UTF-32LE"
    case [true, true, true, false]: "UTF-32BE"
    default: nil
    }
  }

  /// Where bytes stop being UTF-8: how many characters come before; nil: they are UTF-8.
  public static func trouble(in bytes: UnsafeRawBufferPointer) -> (characters: Int, byte: UInt8)? {
    guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
    var characters = 0
    var rest = bytes[...]
    while let start = rest.first {
      let length = start < 0x80 ? 1 : start < 0xE0 ? 2 : start < 0xF0 ? 3 : 4
      guard String(validating: rest.prefix(length), as: UTF8.self) != nil else { return (characters, start) }
      rest = rest.dropFirst(length)
      characters += 1
    }
    return nil
  }

  /// `0xE9 is not UTF-8`, with the likeliest reason and what to do about it.
  public static func sentence(about byte: UInt8) -> String {
    // Letters with accents, in what R, Excel and old databases write, are single bytes.
    let name = "0x" + String(byte, radix: 16, uppercase: true)
    return
      "\(name) is not UTF-8 (Latin-1 or Windows-1252, by the look of it: 'iconv -f WINDOWS-1252 -t UTF-8' converts it)"
  }
}
