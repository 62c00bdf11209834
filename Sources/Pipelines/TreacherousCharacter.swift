/// Characters that look like others or like nothing, and that YAML takes for something else than the eye does.
struct TreacherousCharacter {
  let place: Place
  let name: String
  let remedy: String

  private static let known: [(scalar: UInt32, name: String, remedy: String)] = [
    (0xA0, "a no-break space (U+00A0)", "write a plain space"),
    (0x2007, "a figure space (U+2007)", "write a plain space"),
    (0x202F, "a narrow no-break space (U+202F)", "write a plain space"),
    (0x3000, "an ideographic space (U+3000)", "write a plain space"),
    (0x200B, "a zero-width space (U+200B)", "take it out: it cannot be seen"),
    (0x200E, "a direction mark (U+200E)", "take it out: it cannot be seen"),
    (0xFEFF, "a byte-order mark (U+FEFF)", "take it out: it cannot be seen"),
    (0x201C, "a typographic quote (U+201C)", "write a straight one, \""),
    (0x201D, "a typographic quote (U+201D)", "write a straight one, \""),
    (0x201E, "a typographic quote (U+201E)", "write a straight one, \""),
    (0x2018, "a typographic quote (U+2018)", "write a straight one, '"),
    (0x2019, "a typographic quote (U+2019)", "write a straight one, '"),
  ]

  /// The one that may have confused the reader of YAML: a tab in the indentation, or another on the line of the trouble or
  /// the one before.
  static func first(in bytes: UnsafeBufferPointer<UInt8>, near trouble: Place) -> TreacherousCharacter? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    for number in [trouble.line, trouble.line - 1] where number >= 1 && number <= lines.count {
      var isIndentation = true
      for (index, scalar) in lines[number - 1].unicodeScalars.enumerated() {
        let place = Place(line: number, column: index + 1)
        if scalar == "\t", isIndentation {
          return TreacherousCharacter(place: place, name: "a tab in the indentation", remedy: "indent with spaces")
        }
        isIndentation = isIndentation && (scalar == " " || scalar == "-")
        if let found = known.first(where: { $0.scalar == scalar.value }) {
          return TreacherousCharacter(place: place, name: found.name, remedy: found.remedy)
        }
      }
    }
    return nil
  }

  /// What of it a value holds, for messages; empty: none.
  static func hint(in text: String) -> String {
    text.unicodeScalars.lazy.compactMap { scalar in known.first { $0.scalar == scalar.value } }.first.map {
      " (with \($0.name))"
    }
      ?? ""
  }
}
