import Foundation

/// A region of the terminal that is drawn again and again in place.
final class LiveScreen {
  private var drawn = 0
  private var lastSize: (columns: Int, rows: Int)?

  /// The window as it is now.
  var size: (columns: Int, rows: Int) { Terminal.size(of: STDOUT_FILENO) }

  /// Draws `lines` over what was drawn before; what does not fit the window is left out at the end.
  func draw(_ lines: [String]) {
    let size = size
    let visible = lines.prefix(max(1, size.rows - 1)).map { $0.cut(toWidth: size.columns) }
    var text = home(size)
    for line in visible { text += line + "\u{1B}[K\n" }
    text += "\u{1B}[J"
    write(text)
    drawn = visible.count
  }

  /// Removes what was drawn.
  func clear() {
    write(home(size) + "\u{1B}[J")
    drawn = 0
  }

  /// Where the picture begins. A window of another size has wrapped or moved its lines, so nobody knows where that is: the
  /// whole window is cleared then.
  private func home(_ size: (columns: Int, rows: Int)) -> String {
    defer { lastSize = size }
    if let lastSize, lastSize != size { return "\u{1B}[H\u{1B}[2J" }
    return drawn > 0 ? "\u{1B}[\(drawn)A\r" : "\r"
  }

  private func write(_ text: String) { Console.put(text) }
}
