/// Bytes of several kinds as one message, so that a further kind is one more section and changes nothing that is there.
///
/// Little-endian: magic and number of sections (UInt32 each); then each section, of ascending kind: kind, zero (UInt32
/// each), bytes of its body (UInt64), and the body, with zeros up to a multiple of 8. The buffer keeps its memory.
public struct SectionWriter {
  static let headerBytes = 8
  static let sectionHeaderBytes = 16

  public private(set) var bytes: [UInt8] = []
  private let magic: UInt32
  private var count: UInt32 = 0
  private var last: UInt32?

  /// - Parameters:
  ///   - magic: Names the format and its version.
  ///   - capacity: Bytes to begin with.
  public init(magic: UInt32, capacity: Int = 0) {
    self.magic = magic
    bytes.reserveCapacity(capacity)
    begin()
  }

  /// Begins a new message.
  public mutating func begin() {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(raw: magic)
    bytes.append(raw: UInt32(0))
    (count, last) = (0, nil)
  }

  /// - Parameters:
  ///   - kind: Above that of the section before.
  ///   - write: Appends the body.
  public mutating func add<Kind: RawRepresentable<UInt32>>(_ kind: Kind, _ write: (inout [UInt8]) throws -> Void)
    rethrows
  {
    let number = kind.rawValue
    precondition(last.map { $0 < number } ?? true, "sections come in the order of their kinds")
    let start = bytes.count + Self.sectionHeaderBytes
    bytes.append(raw: number)
    bytes.append(raw: UInt32(0))
    bytes.append(raw: UInt64(0))
    try write(&bytes)
    put(UInt64(bytes.count - start), at: start - 8)
    for _ in bytes.count..<(bytes.count + 7) & ~7 { bytes.append(0) }
    last = number
    count += 1
    put(count, at: 4)
  }

  private mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at place: Int) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: place, as: Value.self) }
  }
}
