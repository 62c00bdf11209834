import Foundation
import Testing

@Suite("Feeding files", .serialized)
struct FeedTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  private func file(_ name: String, _ text: String) throws -> String {
    let path = place.folder + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func pipeline(_ more: String = "") throws -> String {
    try file(
      "fed.yaml",
      """
      name: fed
      source: { topic: fed, partitions: 1 }
      schema:
        label: { path: y }
        features: [ { name: a, type: float }, { name: c, type: category, buckets: 16 } ]
      model: { task: binary, hidden: [4] }
      training: { workers: 1, records_per_partition: 8, linger: 20ms }
      \(more)
      """)
  }

  @Test("what cannot be fed is refused before anything is started, with what to do") func refused() throws {
    let yaml = try file("p.yaml", "a: 1")
    let unknown = try file("records.dat", "{}")
    let packed = try file("records.bz2", "BZh9")
    _ = try file("records.jsonl", "{}")
    for (path, words) in [
      (yaml, "--pipeline"), (unknown, "--format jsonl"), (packed, ".bz2 files are not read"),
      (place.folder, "is a folder"),
      (place.folder + "/record.jsonl", "there is records.jsonl"), (place.folder + "/x.parquet", "does not exist"),
    ] {
      let outcome = try place.run("feed", path, "--topic", "t")
      #expect(outcome.code == 64 || outcome.code == 69)
      #expect(outcome.complaints.contains(words), "\(outcome.complaints)")
    }
    #expect(try place.run("feed", "records.jsonl", "--topic", "t", "--pipeline", "nowhere").code == 64)
    #expect(place.leftovers.isEmpty)
  }

  @Test("a bad line tells what is in the topic for certain, and both ways on go on") func goesOn() throws {
    #expect(try place.run("dev", "up").code == 0)
    let rows = (0..<2500).map { "\($0),p,1" }
    let path = try file("rows.csv", (["a,c,y"] + rows + ["1,2"] + rows.prefix(10)).joined(separator: "\n"))
    let first = try place.run("feed", path, "--topic", "t", "--json")
    #expect(first.code == 64)
    #expect(first.complaints.contains("line 2502: 2 values under a header of 3 columns"))
    #expect(first.complaints.contains("2,500 records are in t for certain"))
    let report = try first.json()
    #expect(report["delivered"] as? Int == 2500 && report["line"] as? Int == 2502)
    let second = try place.run("feed", path, "--topic", "t", "--from-line", "2502", "--skip-bad", "--json")
    #expect(second.code == 0, "\(second.complaints)")
    #expect(try second.json()["records"] as? Int == 10 && second.json()["skipped"] as? Int == 1)

    let big = try file(
      "big.jsonl", "{\"a\":1}\n{\"a\":\"" + String(repeating: "x", count: 3_000_000) + "\"}\n{\"a\":2}\n")
    let refused = try place.run("feed", big, "--topic", "big")
    #expect(refused.code == 64)
    #expect(
      refused.complaints.contains("line 2: a record of 3000008 bytes")
        && refused.complaints.contains("--record-bytes-max"))
    let taken = try place.run("feed", big, "--topic", "big", "--record-bytes-max", "4MB", "--from-line", "2", "--json")
    #expect(try taken.json()["delivered"] as? Int == 2, "\(taken.complaints)")
  }

  @Test("--max-lag follows where the workers read, not where they saved last; files and names mean the same pipeline")
  func followsReaders() throws {
    let pipeline = try pipeline("checkpoint: { every_steps: 1000000, every: 1h }")
    let path = try file(
      "rows.csv",
      "\u{FEFF}a ; c;y\n"
        + (0..<4000).map { "\($0 % 7).0;\($0 % 3 == 0 ? "p" : "q");\($0 % 2 == 0 ? "True" : "FALSE")" }.joined(
          separator: "\n"))
    #expect(try place.run("dev", "up").code == 0)
    let feeding = try place.begin("feed", path, "--pipeline", pipeline, "--max-lag", "500", "--json")
    let run = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")
    let fed = feeding.end()
    #expect(try fed.json()["delivered"] as? Int == 4000, "\(fed.complaints)")
    let status = try place.run("status", "--json", "--pipeline", pipeline).json()
    #expect(status["trained"] as? Int == 4000)
    let again = try place.run("feed", path, "--pipeline", "fed", "--limit", "1", "--json")
    #expect(try again.json()["topic"] as? String == "fed", "\(again.complaints)")
    #expect(try place.run("status", "-p", "fde").complaints.contains("did you mean 'fed'?"))
  }

  @Test("no password of a database is shown") func masked() throws {
    let words = ["postgresql://u:s3cr3t@127.0.0.1:1/d", "host=127.0.0.1 port=1 user=u password='s3 cr3t' dbname=d"]
    for uri in words {
      let place = try Workplace(additions: ["RETRAIN_DATABASE_URL": uri, "RETRAIN_KAFKA_BROKERS": "127.0.0.1:1"])
      for arguments in [["dev", "up"], ["dev", "up", "--json"]] {
        let outcome =
          arguments.count == 2
          ? try place.run(arguments[0], arguments[1]) : try place.run(arguments[0], arguments[1], arguments[2])
        #expect(outcome.code == 0 && outcome.output.contains("127.0.0.1"))
        #expect(!outcome.output.contains("cr3t"))
      }
    }
    let bad = try Workplace(additions: ["RETRAIN_KAFKA_BROKERS": "kafka:99999"])
    #expect(try bad.run("feed", file("x.jsonl", "{}"), "--topic", "t").complaints.contains("port from 1 to 65535"))
  }
}
