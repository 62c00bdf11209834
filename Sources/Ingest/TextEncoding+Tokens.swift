import CJSON
import Vocabulary

/// A text's tokens in lower case with a space between two, for the shim, of a text that is not all ASCII.
///
/// A token is a run of letters, the marks that belong to them, and digits. Chinese characters and kana are tokens one by
/// one, as their languages write no spaces.
let foldedText: cjson_normalize = { text, length, out, room in
  var written = 0
  var isApart = true
  func put(_ byte: UInt8) {
    if written < room { out?.storeBytes(of: byte, toByteOffset: written, as: UInt8.self) }
    written += 1
  }
  func part() {
    if !isApart { put(UInt8(ascii: " ")) }
    isApart = true
  }
  let given = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  for scalar in given.unicodeScalars {
    guard isOfToken(scalar) else {
      part()
      continue
    }
    let standsAlone = isIdeograph(scalar)
    if standsAlone { part() }
    if scalar.isASCII {
      let byte = UInt8(truncatingIfNeeded: scalar.value)
      put(byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte)
    } else {
      for byte in scalar.properties.lowercaseMapping.utf8 { put(byte) }
    }
    isApart = false
    if standsAlone { part() }
  }
  return written
}

private func isOfToken(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
    .spacingMark, .decimalNumber, .letterNumber:
    true
  default: false
  }
}

/// Han characters, hiragana and katakana.
private func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x3041...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
  default: false
  }
}
