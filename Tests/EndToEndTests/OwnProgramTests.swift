import Foundation
import Testing
import retrainctl

@Suite("The program of a run")
struct OwnProgramTests {
  @Test("is the file at its path, and the one that the system keeps once another lies there, or none")
  func replaced() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/program-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // As the system's own link to it, a second name keeps the file.
    let program = OwnProgram(path: folder + "/program", kept: folder + "/kept")
    try "old".write(toFile: program.path, atomically: true, encoding: .utf8)
    try FileManager.default.linkItem(atPath: program.path, toPath: program.kept)
    #expect(!program.isReplaced && program.executable == program.path)
    try "new".write(toFile: program.path, atomically: true, encoding: .utf8)
    #expect(program.isReplaced && program.executable == program.kept)
    try FileManager.default.removeItem(atPath: program.path)
    #expect(program.isReplaced && program.executable == program.kept)
  }
}
