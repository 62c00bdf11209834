public import Foundation
import JSON
public import Vocabulary

/// One log line before it is text.
public struct LogEntry: Sendable {
  public let time: Date
  public let level: LogLevel
  /// The part of the system that speaks: worker, controller, server.
  public let label: String
  public let message: StaticString
  public let metadata: [LogKey: LogValue]

  public init(time: Date, level: LogLevel, label: String, message: StaticString, metadata: [LogKey: LogValue]) {
    self.time = time
    self.level = level
    self.label = label
    self.message = message
    self.metadata = metadata
  }

  /// The entry as one line, without the line break; whatever a value holds, it stays one line.
  public func line(_ format: LogFormat) -> String {
    switch format {
    case .text: textLine
    case .json: jsonLine
    }
  }

  private var facts: [(key: LogKey, value: LogValue)] { metadata.sorted { $0.key.rawValue < $1.key.rawValue } }
  private var timestamp: String { time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  /// `2026-05-01T10:00:00.250Z notice worker "a checkpoint was saved" model.checkpoint=12`
  private var textLine: String {
    var line = "\(timestamp) \(level.rawValue) \(label) \(JSONText.quoted(message.description))"
    for (key, value) in facts {
      line += " \(key.rawValue)="
      switch value {
      case .string(let text): line += needsQuotes(text) ? JSONText.quoted(text) : text
      case .integer(let value): line += String(value)
      case .number(let value): line += String(value)
      case .flag(let value): line += String(value)
      }
    }
    return line
  }

  private var jsonLine: String {
    var line = #"{"time":"\#(timestamp)","level":"\#(level.rawValue)","label":\#(JSONText.quoted(label))"#
    line += #","message":\#(JSONText.quoted(message.description))"#
    for (key, value) in facts {
      line += ",\(JSONText.quoted(key.rawValue)):"
      switch value {
      case .string(let text): line += JSONText.quoted(text)
      case .integer(let value): line += String(value)
      // JSON has no number for NaN and infinity.
      case .number(let value): line += value.isFinite ? String(value) : JSONText.quoted(String(value))
      case .flag(let value): line += String(value)
      }
    }
    return line + "}"
  }

  private func needsQuotes(_ text: String) -> Bool {
    text.isEmpty || text.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0 == "\\" || $0.isControl }
  }
}

/// How an entry becomes a line.
public enum LogFormat: String, Sendable, Hashable, Codable, CaseIterable { case text, json }

extension Unicode.Scalar {
  fileprivate var isControl: Bool { properties.generalCategory == .control || value == 0x2028 || value == 0x2029 }
}
