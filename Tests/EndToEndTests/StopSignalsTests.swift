import Dispatch
import Foundation
import Synchronization
import Testing
import retrainctl

/// Signals to this process, which `StopSignals` takes as long as one lives.
@Suite("Signals that stop", .serialized)
struct StopSignalsTests {
  /// What was called, by name.
  private final class Calls: Sendable {
    private let names = Mutex<[String]>([])
    private let news = DispatchSemaphore(value: 0)
    var all: [String] { names.withLock { $0 } }

    func note(_ name: String) {
      names.withLock { $0.append(name) }
      news.signal()
    }

    /// Whether one more comes.
    func waitForOne() -> Bool { news.wait(timeout: .now() + 10) == .success }
  }

  @Test("the newest that lives is called, whoever lived before it; and the one around it once it is gone")
  func nested() {
    let calls = Calls()
    StopSignals { calls.note("gone \($0)") }.cancel()
    let outer = StopSignals { calls.note("outer \($0)") }
    let inner = StopSignals { calls.note("inner \($0)") }
    kill(getpid(), SIGTERM)
    #expect(calls.waitForOne())
    inner.cancel()
    kill(getpid(), SIGINT)
    #expect(calls.waitForOne())
    #expect(calls.all == ["inner 1", "outer 1"])
    outer.cancel()
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
  }

  @Test("what comes within a moment is the same wish, and a hang-up is never more than the first")
  func wishes() {
    let calls = Calls()
    let signals = StopSignals { calls.note("\($0)") }
    let start = ContinuousClock.now
    signals.take(SIGHUP, at: start)
    signals.take(SIGTERM, at: start + .milliseconds(200))
    #expect(calls.all == ["1"])
    signals.take(SIGHUP, at: start + .seconds(2))
    #expect(calls.all == ["1"])
    signals.take(SIGINT, at: start + .seconds(3))
    #expect(calls.all == ["1", "2"])
    signals.cancel()
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
  }

  @Test("a feed of a registered pipeline ends at Ctrl-C while it waits for its readers")
  func feedByName() throws {
    let place = try Workplace()
    let pipeline = place.folder + "/waits.yaml"
    try """
    name: waits
    source: { topic: waits, partitions: 1 }
    schema: { label: { path: y }, features: [ { name: a, type: float } ] }
    model: { task: binary, hidden: [4] }
    training: { workers: 1 }
    """.write(toFile: pipeline, atomically: true, encoding: .utf8)
    let records = place.folder + "/rows.jsonl"
    try String(repeating: "{\"a\":1,\"y\":0}\n", count: 500).write(toFile: records, atomically: true, encoding: .utf8)
    #expect(try place.run("dev", "up").code == 0)
    #expect(try place.run("start", pipeline, "--until", "end").code == 0)
    let feeding = try place.begin("feed", records, "--pipeline", "waits", "--max-lag", "10", "--json")
    // Nobody reads: it says so after a while.
    #expect(place.eventually(within: .seconds(30)) { feeding.complaintsSoFar.contains("does the pipeline run") })
    feeding.interrupt()
    let isOver = place.eventually(within: .seconds(20)) { !feeding.isRunning }
    #expect(isOver)
    if !isOver { kill(feeding.process.processIdentifier, SIGKILL) }
    let fed = feeding.end()
    let report = try fed.json()
    let delivered = report["delivered"] as? Int ?? 0
    #expect(fed.code == 0 && delivered > 0 && delivered < 500, "\(fed.complaints)")
    #expect(report["bytes"] as? Int == delivered * 13, "\(report)")
    #expect(!fed.complaints.contains("(100 %)"))
  }
}
