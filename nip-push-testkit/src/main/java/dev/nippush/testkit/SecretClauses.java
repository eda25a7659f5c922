package dev.nippush.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a transport keeps to itself, whatever the provider does. */
abstract class SecretClauses extends LifeClauses {

    /** {@link DeviceAddress#toString} shows four, so these say more than a log may. */
    private static final int TELLING_END = 12;

    private final String title = "title-" + key();
    private final String body = "body-" + key();
    private final String data = "data-" + key();

    SecretClauses() {}

    @Test
    @DisplayName("Logs give away neither token nor content")
    protected final void logsKeepSecrets() {
        Set<String> names = Set.of("dev.nippush", transport().getClass().getPackageName());
        try (LogCapture log = LogCapture.begin(names)) {
            List<String> secrets = new ArrayList<>();
            messagesForEachAnswer().forEach(message -> {
                secrets.addAll(secrets(message));
                said(message);
            });
            transport().close();
            said(content(device(0)));

            assertThat(log.lines()).allSatisfy(line -> assertThat(line).doesNotContain(secrets));
        }
    }

    @Test
    @DisplayName("Neither results, nor exceptions, nor names give away token or content")
    protected final void wordsKeepSecrets() {
        Stream.concat(messagesForEachAnswer(), foreignDevices().stream().map(this::content))
                .forEach(message -> assertThat(said(message))
                        .allSatisfy(word -> assertThat(word).doesNotContain(secrets(message))));
        transport().close();
        PushMessage late = content(device(0));
        assertThat(said(late)).allSatisfy(word -> assertThat(word).doesNotContain(secrets(late)));
    }

    /** One message to a device of its own for each way in which the provider can end it. */
    private Stream<PushMessage> messagesForEachAnswer() {
        List<Answer> answers = Stream.of(
                        Optional.<Answer>of(new Answer.Accept()),
                        possible(Ability.TEMPORARY_FAILURE, new Answer.TemporaryFailure(Optional.empty())),
                        possible(Ability.DEVICE_LIMIT, new Answer.DeviceLimit(Optional.empty())),
                        possible(Ability.SENDER_LIMIT, new Answer.SenderLimit(Optional.empty())),
                        possible(Ability.GONE, new Answer.Gone(Optional.empty())),
                        possible(Ability.MESSAGE_REFUSED, new Answer.MessageRefused()),
                        possible(Ability.DEVICE_REFUSED, new Answer.DeviceRefused()),
                        possible(Ability.CONNECTION_LOSS, new Answer.Drop()),
                        possible(Ability.CREDENTIALS_REFUSED, new Answer.CredentialsRefused()))
                .flatMap(Optional::stream)
                .toList();
        return Stream.iterate(0, number -> number < answers.size(), number -> number + 1)
                .map(number -> {
                    answer(number, answers.get(number));
                    return content(device(number));
                });
    }

    private Optional<Answer> possible(Ability ability, Answer answer) {
        return can(ability) ? Optional.of(answer) : Optional.empty();
    }

    private PushMessage content(DeviceAddress device) {
        Map<String, String> forTheApp = Map.of(Notification.MESSAGE_TYPE, Notification.MESSAGE, "reference", data);
        return message(device, new Notification(title, body, "thread", Urgency.NORMAL, forTheApp));
    }

    /** All that a caller can read of the transport, and of what it makes of a message. */
    private List<String> said(PushMessage message) {
        List<String> words = new ArrayList<>();
        words.add(transport().toString());
        try {
            CompletionStage<PushResult> stage = transport().send(message);
            CompletableFuture<String> ending =
                    stage.handle((result, silence) -> result + trace(silence)).toCompletableFuture();
            words.add(ended(ending));
            words.add(stage.toString());
        } catch (RuntimeException mistakeOfTheCaller) {
            words.add(trace(mistakeOfTheCaller));
        }
        words.add(transport().toString());
        return words;
    }

    /** With causes, and what was suppressed. */
    private static String trace(@Nullable Throwable silence) {
        StringWriter text = new StringWriter();
        if (silence != null) {
            silence.printStackTrace(new PrintWriter(text));
        }
        return text.toString();
    }

    private List<String> secrets(PushMessage message) {
        DeviceAddress device = message.address();
        String token = device.token();
        Stream<String> ofDevice = token.length() > TELLING_END
                ? Stream.of(token, token.substring(token.length() - TELLING_END))
                : Stream.of(token);
        Stream<byte[]> keys = Stream.of(device.p256dh(), device.auth()).flatMap(Optional::stream);
        return Stream.of(
                        ofDevice,
                        keys.map(Base64.getUrlEncoder().withoutPadding()::encodeToString),
                        Stream.of(title, body, data, message.collapseKey()))
                .flatMap(all -> all)
                .flatMap(SecretClauses::spellings)
                .toList();
    }

    private static Stream<String> spellings(String secret) {
        String inForms = URLEncoder.encode(secret, UTF_8);
        return Stream.of(
                        secret,
                        inForms,
                        inForms.replace("+", "%20"),
                        Base64.getEncoder().encodeToString(secret.getBytes(UTF_8)))
                .distinct();
    }
}
