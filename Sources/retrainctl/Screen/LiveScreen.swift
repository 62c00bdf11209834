import Foundation

/// A region of the terminal that is drawn again and again in place.
final class LiveScreen {
  private var drawn = 0

  /// Draws `lines` over what was drawn before; what does not fit the window is left out at the end.
  func draw(_ lines: [String]) {
    let size = Terminal.size(of: STDOUT_FILENO)
    let visible = lines.prefix(max(1, size.rows - 1)).map { $0.cut(toWidth: size.columns) }
    var text = home
    for line in visible { text += line + "\u{1B}[K\n" }
    text += "\u{1B}[J"
    write(text)
    drawn = visible.count
  }

  /// Removes what was drawn.
  func clear() {
    write(home + "\u{1B}[J")
    drawn = 0
  }

  private var home: String { drawn > 0 ? "\u{1B}[\(drawn)A\r" : "\r" }

  private func write(_ text: String) { Console.put(text) }
}
