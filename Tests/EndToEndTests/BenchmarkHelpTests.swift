import Foundation
import Testing

@Suite("The benchmarks' command line")
struct BenchmarkHelpTests {
  private func bench(_ words: String...) throws -> (code: Int32, text: String) {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "retrain-bench")
    process.arguments = words
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test(
    "every workload tells its flags with units and defaults",
    arguments: [
      ("ingest", "--digits <n>"), ("step", "--batch <records>"), ("infer", "--seconds <s>"),
      ("answer", "--features <n>"), ("serve", "--threads <n>"), ("rollback", "--moves <n>"),
      ("activation", "--kernels <level>"),
      ("sweep", "--stride <n>"), ("peak", "--seconds <s>"), ("allreduce", "--parts-bytes-min <bytes>"),
      ("linear", "--rate <number>"),
      ("flights", "--file <path>"), ("end-to-end", "--serve <yes|no>"), ("checkpoint", "--megabytes <MB>"),
    ])
  func help(workload: String, flag: String) throws {
    for words in [[workload, "--help"], ["help", workload]] {
      let (code, text) = try bench(words[0], words[1])
      #expect(code == 0)
      #expect(text.contains("usage: retrain-bench \(workload)") && text.contains(flag) && text.contains("(default: "))
    }
    #expect(try bench("--help").text.contains("  \(workload)"))
  }

  @Test("mistyped workloads and flags are told with the nearest")
  func mistyped() throws {
    let workload = try bench("ingset")
    #expect(workload.code == 64 && workload.text.contains("did you mean 'ingest'?"))
    let flag = try bench("ingest", "--digit", "3")
    #expect(flag.code == 64 && flag.text.contains("did you mean --digits?"))
    #expect(try bench("ingest", "--digits", "many").text.contains("needs a positive whole number, not 'many'"))
    #expect(try bench("step", "--turns", "maybe").code == 64)
    #expect(try bench().code == 64)
  }

  @Test("answers are the same whatever the form of the request, and versions move under load without a wrong one")
  func serving() throws {
    let (code, text) = try bench("answer", "--seconds", "0.1")
    #expect(code == 0, "\(text)")
    #expect(text.split(separator: "\n").count == 6)
    let (moved, told) = try bench("rollback", "--moves", "10", "--interval", "100", "--threads", "1")
    #expect(moved == 0, "\(told)")
    #expect(told.contains("last answer after a rollback's commit"))
  }

  @Test("the end-to-end benchmark proves that what it measures learns what the learner alone learns")
  func endToEnd() throws {
    let (code, text) = try bench("end-to-end", "--samples", "1", "--records", "8192", "--batch", "64")
    #expect(code == 0, "\(text)")
    #expect(text.contains("end-to-end"))
  }
}
