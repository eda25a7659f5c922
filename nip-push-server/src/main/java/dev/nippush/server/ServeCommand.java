package dev.nippush.server;

import dev.nippush.PushListener;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.PublicKey;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Runs a server until the process is told to end. */
@Command(
        name = "serve",
        description = {
            "Runs the server until SIGTERM or SIGINT. Without --config it needs nothing: it listens on loopback, makes a"
                    + " key pair in ./nip-push-data, and prints pushes instead of sending them."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class ServeCommand implements Callable<Integer> {

    /** Of the 10 s in which the process ends, with some left for the end of the process itself. */
    private static final Duration STOP_PATIENCE = Duration.ofMillis(9_300);

    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private ConfigOption configuration;

    ServeCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws ConfigException, Failure, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        ServerConfig config = configuration.read(environment);
        KeyPair identity = Keys.identity(config);
        PushServer server = PushServer.start(config, identity, out, new PushListener() {});
        CountDownLatch never = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server), "nip-push-end"));
        introduce(config, identity.publicKey(), server, out);
        never.await();
        return ExitCode.OK;
    }

    /** The last thing that the process does. It halts: that its signal arrived is no failure. */
    private static void end(PushServer server) {
        LOG.info("ending");
        Thread watchdog = new Thread(() -> halt(STOP_PATIENCE), "nip-push-watchdog");
        watchdog.setDaemon(true);
        watchdog.start();
        boolean clean = server.stop(STOP_PATIENCE);
        LOG.info("ended");
        Runtime.getRuntime().halt(clean ? ExitCode.OK : ExitCode.SOFTWARE);
    }

    private static void halt(Duration after) {
        try {
            Thread.sleep(after.toMillis());
            LOG.warn("not everything ended in time");
            Runtime.getRuntime().halt(ExitCode.SOFTWARE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void introduce(ServerConfig config, PublicKey self, PushServer server, PrintWriter out) {
        String authority =
                new HostPort(config.listen().address().host(), server.address().getPort()).toString();
        out.println("nip-push " + Version.text());
        out.println("public key   " + self.hex());
        out.println("             " + self.npub());
        out.println("listening    ws://" + authority + " (health: http://" + authority + "/health/ready)");
        out.println("data         " + config.identity().dataDir());
        out.println("store        " + server.store());
        if (config.relays().home().isEmpty()) {
            out.println("home relays  none: control messages are read from this endpoint alone");
        }
        config.relays().home().forEach(relay -> out.println("home relay   " + relay));
        config.apns().ifPresent(apns -> out.println("transport    APNs for " + String.join(", ", apns.topics())));
        config.fcm().ifPresent(fcm -> out.println("transport    FCM"));
        if (config.printing()) {
            ConfigHelp.printing().forEach(out::println);
        } else {
            server.vapidKey().ifPresent(key -> introduce(config, key, out));
        }
    }

    private static void introduce(ServerConfig config, String vapidKey, PrintWriter out) {
        out.println("transport    UnifiedPush, and Web Push from VAPID key " + vapidKey);
        if (config.unifiedPush().flatMap(ServerConfig.UnifiedPush::vapidContact).isEmpty()) {
            out.println("             without " + ConfigKeys.UNIFIED_PUSH_VAPID_CONTACT.name()
                    + ", which some push services want");
        }
    }
}
