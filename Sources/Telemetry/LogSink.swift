import Foundation

/// Where log entries go.
public struct LogSink: Sendable {
  public let write: @Sendable (LogEntry) -> Void

  /// - Parameter write: Called on the thread that logs, from any number of them at once.
  public init(_ write: @escaping @Sendable (LogEntry) -> Void) { self.write = write }

  /// Lines on standard error, each in one `write(2)`, so that lines of several processes on one pipe do not mix.
  public static func standardError(_ format: LogFormat) -> LogSink { descriptor(STDERR_FILENO, format) }

  /// Lines on an open descriptor. Losing a line is better than failing for it: errors are ignored.
  public static func descriptor(_ descriptor: Int32, _ format: LogFormat) -> LogSink {
    LogSink { entry in
      var line = entry.line(format)
      line.append("\n")
      line.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while unsafe !rest.isEmpty {
          let written = unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
          if written < 0 && errno == EINTR { continue }
          guard written > 0 else { return }
          unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
      }
    }
  }

  /// Nowhere.
  public static let none = LogSink { _ in }
}
