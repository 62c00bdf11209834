import Foundation

/// What bash offers for `words`, the last of which is being typed.
func completions(of words: [String], by script: String) throws -> [String] {
  let quoted = words.map { "'\($0)'" }.joined(separator: " ")
  let process = Process()
  process.executableURL = URL(filePath: "/bin/bash")
  process.arguments = [
    "--norc", "-c",
    "\(script)\nCOMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1); _ship; printf '%s\\n' \"${COMPREPLY[@]}\"",
  ]
  let output = Pipe()
  process.standardOutput = output
  try process.run()
  let bytes = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}
