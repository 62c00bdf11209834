/// A member's name. Valid as long as the text it stands in; costs no copy where its bytes are all that is looked at.
public struct JSONKey {
  /// Without the quotes, escapes as they are written.
  private let bytes: UnsafeRawBufferPointer
  /// What it says where there are escapes.
  private let resolved: String?

  init(_ bytes: UnsafeRawBufferPointer, resolved: String?) {
    self.bytes = bytes
    self.resolved = resolved
  }

  public var text: String { resolved ?? String(decoding: bytes, as: UTF8.self) }

  public static func ~= (word: StaticString, key: JSONKey) -> Bool {
    if let resolved = key.resolved { return resolved == word.description }
    return key.bytes.count == word.utf8CodeUnitCount
      && zip(key.bytes, UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)).allSatisfy(==)
  }
}
