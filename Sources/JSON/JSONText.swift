/// JSON in the making: bytes go to the end. It never has more than one line.
public struct JSONText {
  public private(set) var bytes: [UInt8] = []

  public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  public mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  public mutating func raw(_ piece: some Collection<UInt8>) { bytes.append(contentsOf: piece) }

  public mutating func byte(_ byte: UInt8) { bytes.append(byte) }

  public mutating func string(_ text: String) { Self.append(text, to: &bytes) }

  /// The shortest text that reads back as the same number; null for what JSON cannot hold.
  public mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    raw(value.isFinite ? value.description : "null")
  }

  public mutating func list<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONText, Elements.Element) -> Void
  ) {
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      body(&self, element)
    }
  }
}
