package dev.nippush.server;

import dev.nippush.crypto.KeyPair;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a key pair. */
@Command(
        name = "keygen",
        description =
                "Makes a key pair. Prints the public key; the private key goes to a file (mode 0600) and nowhere else.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class KeygenCommand implements Callable<Integer> {

    static final String DEFAULT_FILE = "identity.key";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Where the private key goes; a file that is there is kept. Default: " + DEFAULT_FILE)
    private @Nullable Path file;

    @Override
    public Integer call() throws Failure {
        Path target = file == null ? Path.of(DEFAULT_FILE) : file;
        KeyPair key = KeyPair.generate();
        try {
            KeyFile.IDENTITY.create(target, key);
        } catch (FileAlreadyExistsException e) {
            throw new Failure("there is a file at " + target + " already; it was not touched");
        } catch (IOException e) {
            throw new Failure("cannot write " + target, e);
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("private key  " + target);
        out.println("public key   " + key.publicKey().hex());
        out.println("             " + key.publicKey().npub());
        return ExitCode.OK;
    }
}
