import Foundation

/// What the other end of a descriptor is.
enum Terminal {
  /// Whether a picture can be drawn there again and again in place.
  static func isInteractive(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && !Environment.process.hasDumbTerminal
  }

  /// Whether colours are shown there, and wanted.
  static func isColoured(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && !Environment.process.wantsPlainText
  }

  /// Its width in characters; 80 where there is no terminal.
  static func columns(of descriptor: Int32) -> Int { size(of: descriptor).columns }

  /// Its size where there is a terminal, no limit elsewhere: a file or a pipe takes any number of lines of any length.
  static func size(orUnlimited descriptor: Int32) -> (columns: Int, rows: Int) {
    isatty(descriptor) == 1 ? size(of: descriptor) : (.max, .max)
  }

  static func size(of descriptor: Int32) -> (columns: Int, rows: Int) {
    var size = winsize()
    guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}

/// Colours, where there is a terminal to show them.
struct Palette {
  let isColoured: Bool

  static let standardOutput = Palette(isColoured: Terminal.isColoured(STDOUT_FILENO))
  static let plain = Palette(isColoured: false)

  func bold(_ text: String) -> String { styled(text, "1") }
  func dim(_ text: String) -> String { styled(text, "2") }
  func good(_ text: String) -> String { styled(text, "32") }
  func warning(_ text: String) -> String { styled(text, "33") }
  func bad(_ text: String) -> String { styled(text, "31") }

  private func styled(_ text: String, _ code: String) -> String {
    isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
