/// What a `SectionWriter` wrote, every size checked; its bodies live as long as the bytes.
public struct SectionReader {
  /// A format has no more kinds.
  public static let kindsMax = 24

  private var bodies = InlineArray<24, UnsafeRawBufferPointer>(repeating: UnsafeRawBufferPointer(start: nil, count: 0))

  /// - Parameter kinds: Kinds of the format: 0 ..< kinds.
  /// - Throws: `SectionError` unless the bytes are one whole message, no byte more or less.
  public init(_ bytes: UnsafeRawBufferPointer, magic: UInt32, kinds: Int) throws(SectionError) {
    precondition(kinds <= Self.kindsMax)
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt32.self) == magic else { throw SectionError.otherFormat }
      let count = try reader.read(UInt32.self)
      var next: UInt32 = 0
      for _ in 0..<count {
        let kind = try reader.read(UInt32.self)
        let zero = try reader.read(UInt32.self)
        guard kind < UInt32(kinds), zero == 0 else { throw SectionError.unknownKind(kind) }
        guard kind >= next else { throw SectionError.disorder(kind) }
        next = kind + 1
        let length = Int(clamping: try reader.read(UInt64.self))
        bodies[Int(kind)] = try reader.read(bytes: length)
        _ = try reader.read(bytes: (8 - length & 7) & 7)
      }
    } catch let error as SectionError { throw error } catch { throw .truncated }
    guard reader.remaining == 0 else { throw .tooLong(reader.remaining) }
  }

  /// The body; empty where the section is not there.
  public subscript<Kind: RawRepresentable<UInt32>>(_ kind: Kind) -> UnsafeRawBufferPointer {
    bodies[Int(kind.rawValue)]
  }
}

/// Bytes are not a message of the format that they were read as.
public enum SectionError: Error, Sendable, Hashable, CustomStringConvertible {
  case otherFormat
  case unknownKind(UInt32)
  case disorder(UInt32)
  case truncated
  case tooLong(Int)

  public var description: String {
    switch self {
    case .otherFormat: "these bytes are of another format, or of another version of it"
    case .unknownKind(let kind): "a section of kind \(kind) is not known here"
    case .disorder(let kind): "a section of kind \(kind) is out of order, or there twice"
    case .truncated: "the bytes end before what they announce"
    case .tooLong(let count): "\(count) bytes follow the last section"
    }
  }
}
