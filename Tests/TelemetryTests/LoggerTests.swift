import Foundation
import Synchronization
import Telemetry
import Testing
import Vocabulary

@Suite("Log lines")
struct LoggerTests {
  private final class Collected: Sendable {
    private let entries = Mutex<[LogEntry]>([])
    var sink: LogSink { LogSink { entry in self.entries.withLock { $0.append(entry) } } }
    var all: [LogEntry] { entries.withLock { $0 } }
  }

  private func entry(_ metadata: [LogKey: LogValue]) -> LogEntry {
    LogEntry(
      time: Date(timeIntervalSince1970: 1_700_000_000.25), level: .notice, label: "worker",
      message: "a checkpoint was saved", metadata: metadata)
  }

  @Test("are time, level, label and sentence, then facts in the order of their keys")
  func text() {
    let line = entry([.step: 1200, .checkpoint: 12, .loss: 0.25, .reason: "two words", .path: "/tmp/x"]).line(.text)
    #expect(
      line == """
        2023-11-14T22:13:20.250Z notice worker "a checkpoint was saved" file.path=/tmp/x model.checkpoint=12 \
        reason="two words" train.loss=0.25 train.step=1200
        """)
  }

  @Test("stay one line whatever a value holds, in both formats", arguments: LogFormat.allCases)
  func hostile(format: LogFormat) {
    let line = entry([.error: "a\nb\r\u{0}\u{1b}[31m\u{2028}\"quoted\" \\ =", .reason: ""]).line(format)
    #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x2028 })
  }

  @Test("as JSON hold every fact with its type")
  func json() throws {
    let line = entry([.step: 7, .loss: 0.5, .auc: .number(.nan), .error: "say \"no\"\n", .reason: true]).line(.json)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["time"] as? String == "2023-11-14T22:13:20.250Z")
    #expect(object["level"] as? String == "notice")
    #expect(object["message"] as? String == "a checkpoint was saved")
    #expect(object["train.step"] as? Int == 7)
    #expect(object["train.loss"] as? Double == 0.5)
    #expect(object["train.auc"] as? String == "nan")
    #expect(object["error"] as? String == "say \"no\"\n")
    #expect(object["reason"] as? Bool == true)
  }

  @Test("below the level are not written, and their facts not evaluated")
  func levels() {
    let collected = Collected()
    let logger = Logger(label: "test", level: .notice, sink: collected.sink)
    func facts() -> [LogKey: LogValue] {
      Issue.record("evaluated in vain")
      return [:]
    }
    logger.trace("trace", facts())
    logger.debug("debug", facts())
    logger.info("info", facts())
    logger.notice("notice")
    logger.warning("warning")
    logger.error("error")
    #expect(collected.all.map(\.level) == [.notice, .warning, .error])
  }

  @Test("carry the logger's own facts, which a line may overrule")
  func metadata() {
    let collected = Collected()
    var logger = Logger(label: "test", sink: collected.sink, metadata: [.pipeline: "flights", .rank: 0])
    logger[.rank] = LogValue(Rank(1))
    logger.with([.step: 3]).info("first", [.pipeline: "bikes"])
    logger.info("second")
    #expect(
      collected.all.map(\.metadata) == [
        [.pipeline: "bikes", .rank: "1", .step: 3], [.pipeline: "flights", .rank: "1"],
      ])
  }

  @Test("go to a descriptor whole, from many threads at once, and a closed one does no harm")
  func descriptor() throws {
    let pipe = Pipe()
    let logger = Logger(label: "test", sink: .descriptor(pipe.fileHandleForWriting.fileDescriptor, .json))
    DispatchQueue.concurrentPerform(iterations: 64) { logger.info("a line", [.count: LogValue($0)]) }
    try pipe.fileHandleForWriting.close()
    let lines = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
      .split(separator: "\n")
    #expect(lines.count == 64)
    #expect(lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    LogSink.descriptor(-1, .text).write(entry([:]))
  }
}
