package dev.nippush.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.AddressRule;
import dev.nippush.address.RelayUrl;
import dev.nippush.testkit.RawRelay;
import dev.nippush.testkit.TestRelay;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames that no honest relay sends, against a pool in a process of its own with little memory. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class HostileRelayTest {

    private static final long HUGE = 400L * 1024 * 1024;

    /** The process: hears one good relay, and prints what became of the bad one. */
    static final class Client {

        private Client() {}

        public static void main(String[] args) throws IOException {
            RelayUrl bad = RelayUrl.of(args[0]);
            RelayUrl good = RelayUrl.of(args[1]);
            RecordingFeed feed = new RecordingFeed(bad, good);
            AddressRule rule = AddressRule.of(List.of("127.0.0.0/8"), List.of(), List.of());
            try (RelayPool pool = RelayPool.builder()
                    .addressRule(rule)
                    .time(new RecordingTime())
                    .build()) {
                pool.start(feed);
                String reason = awaitError(pool, bad);
                feed.accepted.await(1);
                System.out.println("survived: " + reason);
            }
        }

        private static String awaitError(RelayPool pool, RelayUrl relay) {
            while (true) {
                for (RelayState state : pool.states()) {
                    if (state.relay().equals(relay) && state.lastError().isPresent()) {
                        return state.lastError().get();
                    }
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private static String survive(RawRelay bad) throws IOException, InterruptedException {
        try (bad;
                TestRelay good = TestRelay.start()) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx96m",
                            "-XX:+ExitOnOutOfMemoryError",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Client.class.getName(),
                            bad.url().toString(),
                            good.url().toString())
                    .redirectErrorStream(true)
                    .start();
            // The good relay speaks after the bad one was dropped.
            bad.broken().await(1);
            good.awaitRequest(any -> true);
            good.publish(Events.event(22456, Instant.now(), "x", RecordingFeed.SERVER));
            String printed;
            try (InputStream out = process.getInputStream()) {
                printed = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            }
            assertThat(process.waitFor()).as(printed).isZero();
            return printed;
        }
    }

    @Test
    void frameOf400MebibytesCostsTheConnectionAndNothingElse() throws Exception {
        RawRelay bad = RawRelay.start(List.of(), (in, out) -> RawRelay.frame(out, RawRelay.TEXT, HUGE, HUGE));

        assertThat(survive(bad)).containsPattern("survived: (InboundLimitException|SocketException: Socket closed)");
    }

    @Test
    void fragmentsOfOneEndlessMessageCostTheConnection() throws Exception {
        RawRelay bad = RawRelay.start(List.of(), (in, out) -> {
            byte[] head = {0x01, 126, (byte) 0xff, (byte) 0xff};
            byte[] fragment = new byte[0xffff];
            out.write(head);
            out.write(fragment);
            head[0] = 0;
            for (int i = 0; i < 6_400; i++) {
                out.write(head);
                out.write(fragment);
            }
        });

        // The limit closes the socket, and the thread that writes may be the first to notice.
        assertThat(survive(bad)).containsPattern("survived: (InboundLimitException|SocketException: Socket closed)");
    }

    @Test
    void compressedFrameIsNotInflated() throws Exception {
        byte[] bomb = bomb();
        assertThat(bomb.length).isLessThan(450_000);
        RawRelay bad = RawRelay.start(List.of(), (in, out) -> {
            RawRelay.frame(out, RawRelay.TEXT | RawRelay.COMPRESSED, bomb);
            in.transferTo(OutputStream.nullOutputStream());
            throw new IOException("the client has left");
        });

        assertThat(survive(bad)).contains("survived: ProtocolException");
        assertThat(String.join("\n", bad.handshakes().all().get(0)).toLowerCase(Locale.ROOT))
                .doesNotContain("sec-websocket-extensions");
    }

    @Test
    void relayThatUsesAnExtensionUnaskedIsLeft() throws Exception {
        byte[] bomb = bomb();
        RawRelay bad = RawRelay.start(List.of("Sec-WebSocket-Extensions: permessage-deflate"), (in, out) -> {
            RawRelay.frame(out, RawRelay.TEXT | RawRelay.COMPRESSED, bomb);
            in.transferTo(OutputStream.nullOutputStream());
            throw new IOException("the client has left");
        });

        assertThat(survive(bad)).contains("survived: HTTP 101, ProtocolException", "the relay uses an extension");
    }

    /** 400 MiB of zero bytes, compressed. */
    private static byte[] bomb() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated =
                new DeflaterOutputStream(bytes, new Deflater(Deflater.BEST_COMPRESSION, true))) {
            byte[] zeros = new byte[1024 * 1024];
            for (int i = 0; i < 400; i++) {
                deflated.write(zeros);
            }
        }
        return bytes.toByteArray();
    }
}
