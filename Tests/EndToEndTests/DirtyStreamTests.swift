import Foundation
import Ingest
import Testing
import Vocabulary

@Suite("A dirty stream", .serialized)
struct DirtyStreamTests {
  @Test(
    "every injected fault has its promised outcome, counted by reason, and no number goes bad",
    arguments: Broker.available)
  func faults(broker: Broker) throws {
    let seed = UInt64(getpid())
    print("the dirty stream is from seed \(seed)")
    // The broker in memory keeps 5 MB a partition, and some faults are 1 MB.
    let count = broker == .memory ? 1200 : 6000
    let stream = DirtyStream(
      records: try Self.labelledFlights(count), every: 20, seed: seed, hugeTextsMax: broker == .memory ? 3 : .max)
    let place = try broker.workplace()
    let file = place.folder + "/dirty.jsonl"
    try Data(stream.lines.joined(separator: [10]) + [10]).write(to: URL(filePath: file))

    #expect(try place.run("dev", "up").code == 0)
    let fed = try place.run("feed", file, "--pipeline", Workplace.network)
    #expect(fed.code == 0, "\(fed.complaints)")
    let run = try place.run("start", Workplace.network, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")

    let audit = try place.run("audit", "--json").json()
    #expect(audit["consumed"] as? Int == stream.lines.count)
    #expect(audit["trained"] as? Int == stream.expectedTrained)
    #expect(audit["lost"] as? Int == 0)
    #expect(audit["duplicated"] as? Int == 0)
    let reasons = (audit["rejectedByReason"] as? [String: Int] ?? [:]).filter { $0.value > 0 }
    #expect(reasons == stream.expectedRejections)
    for command in ["status", "versions", "checkpoints", "health", "incidents"] {
      let answer = try place.run(command, "--json")
      #expect(!answer.output.contains("NaN") && !answer.output.lowercased().contains("infinity"), "\(command)")
    }
    #expect(try place.run("dev", "down").code == 0)
  }

  /// The first flights that have a label.
  private static func labelledFlights(_ count: Int) throws -> [String] {
    let file = try FileHandle(forReadingFrom: URL(filePath: Workplace.flights))
    defer { try? file.close() }
    let reader = LineReader(Decompressor { try file.read(upToCount: 1 << 16).map { Array($0) } })
    var lines: [String] = []
    while lines.count < count, let line = try reader.next() {
      let text = String(decoding: line, as: UTF8.self)
      if text.contains("\"late15\"") { lines.append(text) }
    }
    return lines
  }
}
