import Foundation
import Testing

@Suite("The command line")
struct CommandLineTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  @Test("every command has a help that names it", arguments: commands)
  func help(command: String) throws {
    let outcome = try place.run("help", command)
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("USAGE\n  retrainctl \(command)"))
    #expect(outcome.complaints.isEmpty)
  }

  private static let commands = [
    "start", "status", "stop", "pause", "resume", "validate", "profile", "versions", "version", "promote", "rollback",
    "freeze", "unfreeze", "checkpoints", "health", "incidents", "incident", "dead-letters", "audit", "predict", "feed",
    "delete", "migrate",
    "dev",
    "controller", "worker", "server", "completion",
  ]

  @Test(
    "RETRAIN_CPU_LEVEL forces the kernels of a whole process, or ends it", arguments: ["scalar", "baseline", "sse9"])
  func cpuLevel(name: String) throws {
    let place = try Workplace(additions: ["RETRAIN_CPU_LEVEL": name])
    let outcome = try place.run(
      "profile", Workplace.network, "--batch", "16", "--seconds", "0.1", "--swap", "relu", "--json")
    guard name != "sse9" else {
      #expect(outcome.code != 0 && outcome.output.isEmpty)
      #expect(outcome.complaints.contains("RETRAIN_CPU_LEVEL") && outcome.complaints.contains("sse9"))
      return
    }
    #expect(outcome.code == 0, "\(outcome.complaints)")
    let report = try outcome.json()
    #expect(report["kernels"] as? String == name)
    let layers = Set((report["costs"] as? [[String: Any]] ?? []).compactMap { $0["layer"] as? String })
    #expect(layers.isSuperset(of: ["input", "hidden_1", "hidden_2", "output", "wide", "embeddings"]))
    #expect((report["swaps"] as? [[String: Any]])?.first?["activation"] as? String == "relu")
  }

  @Test("a wrong word is told with the nearest right one, and exits 64") func suggestion() throws {
    let outcome = try place.run("statsu")
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.complaints.hasPrefix("error: unknown subcommand 'statsu'; did you mean 'status'?\n"))
  }

  @Test("contradictions on the command line are mistakes") func contradictions() throws {
    #expect(try place.run("feed", "x", "--topic", "t", "--max-lag", "5").code == 64)
    #expect(try place.run("health", "--version", "1", "--checkpoint", "1").code == 64)
    #expect(try place.run("start", "x.yaml", "--until", "tomorrow").code == 64)
  }

  @Test("a property that librdkafka does not know, or not so, is a mistake of the file, and no secret is told")
  func badProperty() throws {
    let path = place.folder + "/property.yaml"
    let text = """
      name: p
      source:
        topic: t
        librdkafka:
          compression.type: brotli
          sasl.pasword: hush-hush
      schema: { label: { path: y }, features: [{ name: a, type: float }] }
      model: { task: binary }
      """
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    for command in ["validate", "start"] {
      let outcome = try place.run(command, path)
      #expect(outcome.code == 65)
      #expect(outcome.complaints.contains("property.yaml:6:5: source.librdkafka: No such configuration property"))
      #expect(outcome.complaints.contains("property.yaml:5:5: source.librdkafka: Invalid value \"brotli\""))
      #expect(!outcome.complaints.contains("hush-hush"))
    }
  }

  @Test("a pipeline with mistakes exits 65 and tells all of them with their places") func badPipeline() throws {
    let path = place.folder + "/bad.yaml"
    try "name: Bad Name\nsource:\n  topic: t\n  colour: red\n".write(toFile: path, atomically: true, encoding: .utf8)
    for command in ["validate", "start"] {
      let outcome = try place.run(command, path)
      #expect(outcome.code == 65)
      #expect(outcome.complaints.contains("\(path):1:"))
      #expect(outcome.complaints.contains("\(path):4:"))
    }
    let report = try place.run("validate", path, "--json").json()
    #expect(report["valid"] as? Bool == false)
    #expect((report["mistakes"] as? [Any])?.count ?? 0 >= 2)
    #expect(place.leftovers.isEmpty)
  }

  @Test("validate shows a pipeline that validates to the same") func effectivePipeline() throws {
    let first = try place.run("validate", Workplace.network)
    #expect(first.code == 0)
    let path = place.folder + "/effective.yaml"
    try first.output.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try place.run("validate", path).output == first.output)
  }

  @Test("validate --json speaks the words and units of the file") func effectiveJSON() throws {
    let pipeline = try place.run("validate", Workplace.network, "--json").json()["pipeline"] as? [String: Any]
    let checkpoint = pipeline?["checkpoint"] as? [String: Any]
    #expect(checkpoint?["every"] as? String == "3s")
    #expect(checkpoint?["every_steps"] as? Int == 2000)
    let features = (pipeline?["schema"] as? [String: Any])?["features"] as? [[String: Any]] ?? []
    #expect(features.contains { $0["out_of_range"] as? String == "clip" && $0["clip"] as? [Double] == [1, 12] })
    #expect((pipeline?["model"] as? [String: Any])?["wide"] as? Bool == true)
  }

  @Test(
    "with --json a failure is one line of JSON on standard error, with the same exit code",
    arguments: [
      (["statsu", "--json"], "usage", 64), (["status", "--json"], "unavailable", 69),
      (["start", "/nowhere.yaml", "--json"], "usage", 64), (["feed", "x", "--json"], "usage", 64),
      (["validate", "bad.yaml", "--json"], "bad_pipeline", 65),
    ] as [([String], String, Int)])
  func jsonErrors(words: [String], code: String, exitCode: Int) throws {
    try "name: Bad Name\n".write(toFile: place.folder + "/bad.yaml", atomically: true, encoding: .utf8)
    let outcome = try place.run(words)
    #expect(Int(outcome.code) == exitCode)
    let complaints = outcome.complaints.split(separator: "\n")
    #expect(complaints.count == 1, "\(outcome.complaints)")
    let report = try JSONSerialization.jsonObject(with: Data(outcome.complaints.utf8)) as? [String: Any]
    let error = report?["error"] as? [String: Any]
    #expect(error?["code"] as? String == code && error?["exitCode"] as? Int == exitCode)
    #expect((error?["message"] as? String)?.isEmpty == false)
  }

  @Test("looking where nothing was started says so, exits 69 and makes nothing") func nothingThere() throws {
    for words in [["status"], ["versions"], ["audit"], ["stop"]] {
      #expect(try place.run(words[0]).code == 69)
    }
    #expect(!FileManager.default.fileExists(atPath: place.folder + "/.retrain/postgres"))
  }

  @Test("a wrong word in the environment or behind an option is told in one line, with 64")
  func wrongWords() throws {
    for (name, value, words, says) in [
      ("RETRAIN_CPU_LEVEL", "avx512", ["status"], "'avx512' is no CPU level of this machine, which has scalar"),
      ("RETRAIN_DATABASE_URL", "foo", ["status"], "RETRAIN_DATABASE_URL is no address that libpq understands"),
      ("RETRAIN_HOME", "/etc/hostname", ["dev", "up"], "/etc/hostname is no folder"),
      ("KAFKA_HOME", "/nonexistent", ["dev", "up"], "there is no bin/kafka-server-start.sh"),
      ("NO_COLOR", "1", ["worker", "--pipeline", "p", "--listen", "foo"], "--listen takes host:port"),
    ] as [(String, String, [String], String)] {
      let outcome = try Workplace(additions: [name: value]).run(words)
      #expect(outcome.code == 64, "\(outcome.complaints)")
      #expect(outcome.complaints.contains(says), "\(outcome.complaints)")
      #expect(outcome.complaints.count { $0 == "\n" } <= 4, "\(outcome.complaints)")
    }
  }

  @Test("a pipeline file with a slip of the finger in its name is found") func nearFile() throws {
    try "name: b".write(toFile: place.folder + "/bikes.yaml", atomically: true, encoding: .utf8)
    let outcome = try place.run("start", "bikes.ymal")
    #expect(outcome.code == 64)
    #expect(outcome.complaints.contains("no file 'bikes.ymal'"), "\(outcome.complaints)")
    #expect(outcome.complaints.contains("did you mean the file bikes.yaml?"))
  }

  @Test("a file that is not there is told by its name") func noFile() throws {
    let outcome = try place.run("validate", "/nowhere/at/all.yaml")
    #expect(outcome.code == 64)
    #expect(outcome.complaints.contains("/nowhere/at/all.yaml"))
  }
}
