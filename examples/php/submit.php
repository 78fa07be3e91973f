<?php
// Have a job done with PHP's curl extension: its result goes to standard output.
//   php submit.php http://localhost:8000 text.statistics '{"text": "to be or not to be"}'
// Where the API is closed, JOBS_TOKEN is sent to it, and to no other host that it leads to.
declare(strict_types=1);

const TRIES_MAX = 8;
const LATER = [0, 429, 502, 503, 504]; // 0: no answer at all

/** Call until there is an answer other than "later": its status, headers, body and URL. */
function call(string $method, string $url, array $headers = [], ?string $body = null): array
{
    if ($token = getenv('JOBS_TOKEN')) {
        $headers[] = "Authorization: Bearer $token";
    }
    for ($try = 1; ; $try++) {
        $received = [];
        $curl = curl_init($url);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_FOLLOWLOCATION => $method === 'GET', // a large result is elsewhere
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 5,
            CURLOPT_TIMEOUT => 60, // longer than the wait that is asked for below
            CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$received): int {
                [$name, $value] = array_pad(explode(':', $line, 2), 2, '');
                $received[strtolower(trim($name))] = trim($value);
                return strlen($line);
            },
        ]);
        if ($body !== null) {
            curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
        }
        $content = curl_exec($curl);
        $status = $content === false ? 0 : curl_getinfo($curl, CURLINFO_HTTP_CODE);
        if (!in_array($status, LATER, true)) {
            $from = curl_getinfo($curl, CURLINFO_EFFECTIVE_URL);
            return ['status' => $status, 'headers' => $received, 'body' => $content, 'url' => $from];
        }
        if ($try === TRIES_MAX) {
            fail("no answer: $status " . curl_error($curl));
        }
        $seconds = max((int) ($received['retry-after'] ?? 0), min(0.2 * 2 ** $try, 10));
        usleep((int) ($seconds * 1_000_000));
    }
}

/** A reference resolved against the URL of the answer it stands in; curl itself resolves "..". */
function resolve(string $base, string $reference): string
{
    if (preg_match('~^https?://~', $reference)) {
        return $reference;
    }
    preg_match('~^(https?://[^/]+)([^?#]*/)?~', $base, $parts);
    return $reference[0] === '/' ? $parts[1] . $reference : $parts[1] . ($parts[2] ?? '/') . $reference;
}

function fail(string $message): never
{
    fwrite(STDERR, "$message\n");
    exit(1);
}

if ($argc !== 4) {
    fwrite(STDERR, "Usage: php submit.php URL TYPE INPUT\n");
    exit(2);
}
[, $api, $type, $input] = $argv;
$body = sprintf('{"type": %s, "input": %s}', json_encode($type), $input);

// The same key on every try: however often it is sent, there is one job.
$key = bin2hex(random_bytes(16));
$sent = ['Content-Type: application/json', "Idempotency-Key: \"$key\""];
$answer = call('POST', rtrim($api, '/') . '/jobs', $sent, $body);
if ($answer['status'] !== 202) {
    fail("not accepted: {$answer['status']} {$answer['body']}");
}
$url = resolve($answer['url'], $answer['headers']['location']);
fwrite(STDERR, "accepted: $url\n");

// A server that cannot hold the request answers at once; then Retry-After says when to ask again.
do {
    $asked = microtime(true);
    $answer = call('GET', $url, ['Prefer: wait=20']);
    $job = json_decode($answer['body'], true);
    if ($answer['status'] !== 200 || !isset($job['status'])) {
        fail("no job: {$answer['status']} {$answer['body']}");
    }
    $finished = isset($job['finished_at']);
    $rest = $asked + (int) ($answer['headers']['retry-after'] ?? 1) - microtime(true);
    if (!$finished && $rest > 0) {
        usleep((int) ($rest * 1_000_000));
    }
} while (!$finished);

$answer = call('GET', resolve($answer['url'], $job['links']['result']));
if ($answer['status'] !== 200) {
    fail("no result: {$answer['status']} {$answer['body']}");
}
echo $answer['body'], "\n";
