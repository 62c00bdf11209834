extension JSONScanner {
  /// A number as it is written.
  public struct Number {
    public let text: Range<Int>
    /// Neither fraction nor exponent.
    public let isInteger: Bool
    /// The nearest double; infinite where none is large enough.
    public let value: Double
    /// The same without rounding, where it is an integer of at most 38 digits.
    public let integer: Int128?
  }

  public static func beginsNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte &- 0x30 < 10 }

  private static let powersOfTen: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// Passes a number.
  public mutating func number() throws -> Number {
    _ = peek()
    return try shortNumber() ?? anyNumber()
  }

  /// What most numbers are: at most 15 digits, with or without a point among them. They are below 2^53, so one division
  /// rounds correctly. nil, and nothing is passed: it is another one, or none.
  private mutating func shortNumber() -> Number? {
    let start = position
    let isNegative = start < bytes.count && bytes[start] == UInt8(ascii: "-")
    let first = isNegative ? start + 1 : start
    var place = first
    var mantissa: UInt64 = 0
    while place < bytes.count, case let digit = bytes[place] &- 0x30, digit < 10 {
      mantissa = mantissa &* 10 &+ UInt64(digit)
      place += 1
    }
    let whole = place - first
    guard whole > 0, whole == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
    var fraction = 0
    if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
      let point = place
      place += 1
      while place < bytes.count, case let digit = bytes[place] &- 0x30, digit < 10 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        place += 1
      }
      fraction = place - point - 1
      guard fraction > 0 else { return nil }
    }
    guard whole + fraction <= 15, place == bytes.count || bytes[place] | 0x20 != UInt8(ascii: "e") else { return nil }
    position = place
    let size = fraction == 0 ? Double(mantissa) : Double(mantissa) / Self.powersOfTen[fraction]
    return Number(
      text: start..<place, isInteger: fraction == 0, value: isNegative ? -size : size,
      integer: fraction > 0 ? nil : isNegative ? -Int128(mantissa) : Int128(mantissa))
  }

  /// - Source: Clinger 1990, "How to read floating point numbers accurately": a mantissa below 2^53 and a power of ten up
  ///   to 22 are exact, so one multiplication or division rounds correctly. Other numbers go the slow way.
  private mutating func anyNumber() throws -> Number {
    let start = position
    var place = position
    func digits(_ mantissa: inout UInt64, _ count: inout Int) -> Int {
      let first = place
      while place < bytes.count, case let digit = bytes[place] &- 0x30, digit < 10 {
        if count < 19 {
          mantissa = mantissa * 10 + UInt64(digit)
          if mantissa > 0 { count += 1 }
        } else {
          count += 1
        }
        place += 1
      }
      return place - first
    }
    func next(is byte: UInt8) -> Bool { place < bytes.count && bytes[place] == byte }

    let isNegative = next(is: UInt8(ascii: "-"))
    if isNegative { place += 1 }
    var mantissa: UInt64 = 0
    var significant = 0
    let leading = place
    let whole = digits(&mantissa, &significant)
    guard whole > 0, whole == 1 || bytes[leading] != UInt8(ascii: "0") else { throw notAValue() }
    var exponent = 0
    var isInteger = true
    if next(is: UInt8(ascii: ".")) {
      isInteger = false
      place += 1
      let fraction = digits(&mantissa, &significant)
      guard fraction > 0 else { throw malformed("a digit after the point expected") }
      exponent = -fraction
    }
    if next(is: UInt8(ascii: "e")) || next(is: UInt8(ascii: "E")) {
      isInteger = false
      place += 1
      let isSmall = next(is: UInt8(ascii: "-"))
      if isSmall || next(is: UInt8(ascii: "+")) { place += 1 }
      var power: UInt64 = 0
      var count = 0
      guard digits(&power, &count) > 0 else { throw malformed("a digit of the exponent expected") }
      let size = count > 6 ? 1_000_000 : Int(power)
      exponent += isSmall ? -size : size
    }
    position = place
    var value: Double
    if significant <= 19, mantissa < 1 << 53, abs(exponent) <= 22 {
      let power = Self.powersOfTen[abs(exponent)]
      value = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
      if isNegative { value = -value }
    } else {
      let text = String(decoding: bytes[start..<place], as: UTF8.self)
      guard let slow = Double(text) else { throw malformed("a number expected") }
      value = slow
    }
    let magnitude = !isInteger ? nil : significant <= 19 ? Int128(mantissa) : integer(leading..<place)
    return Number(
      text: start..<place, isInteger: isInteger, value: value, integer: magnitude.map { isNegative ? -$0 : $0 })
  }

  private func integer(_ digits: Range<Int>) -> Int128? {
    guard digits.count <= 38 else { return nil }
    return bytes[digits].reduce(Int128(0)) { $0 * 10 + Int128($1 &- 0x30) }
  }
}
