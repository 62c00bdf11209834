import Foundation
public import Vocabulary

/// Writes log lines: a constant sentence, and facts under keys from `Vocabulary`.
///
/// Log once, where an error is handled. Metadata is not evaluated for a line that is not written.
public struct Logger: Sendable {
  public let label: String
  /// Lines below it are not written.
  public var level: LogLevel
  private let sink: LogSink
  private var metadata: [LogKey: LogValue]

  public init(label: String, level: LogLevel = .info, sink: LogSink, metadata: [LogKey: LogValue] = [:]) {
    self.label = label
    self.level = level
    self.sink = sink
    self.metadata = metadata
  }

  /// A fact on every line of this logger.
  public subscript(key: LogKey) -> LogValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// The same logger with more facts on every line.
  public func with(_ facts: [LogKey: LogValue]) -> Logger {
    Logger(label: label, level: level, sink: sink, metadata: metadata.merging(facts) { $1 })
  }

  public func log(
    _ level: LogLevel, _ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]
  ) {
    guard level >= self.level else { return }
    sink.write(
      LogEntry(
        time: Date(), level: level, label: label, message: message, metadata: metadata.merging(facts()) { $1 }))
  }

  public func trace(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.trace, message, facts())
  }

  public func debug(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.debug, message, facts())
  }

  public func info(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.info, message, facts())
  }

  public func notice(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.notice, message, facts())
  }

  public func warning(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.warning, message, facts())
  }

  public func error(_ message: StaticString, _ facts: @autoclosure () -> [LogKey: LogValue] = [:]) {
    log(.error, message, facts())
  }
}
