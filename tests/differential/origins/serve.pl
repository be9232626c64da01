# An origin that reads forms as Plack and CGI.pm do: the first segment of the path selects one, the answer tells what it
# saw. Prints one line, its port and the names of its parsers.
use strict;
use warnings;
use Encode ();
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 ();

my %parsers = (echo => \&read_echo);
my @names;
if (eval { require Plack::Request; require HTTP::Entity::Parser; 1 } || eval { require Plack::Request; 1 }) {
    $parsers{plack} = \&read_plack;
    push @names, 'plack';
}
if (eval { require CGI; CGI->VERSION(4); 1 }) {
    $CGI::LIST_CONTEXT_WARN = $CGI::LIST_CONTEXT_WARN = 0;
    $parsers{'cgi-pm'} = \&read_cgi;
    push @names, 'cgi-pm';
}

sub readable { my $text = shift; defined $text ? Encode::decode('UTF-8', "$text") : undef }

sub shown {
    my ($kind, $name, $filename, $content) = @_;
    utf8::encode($content) if utf8::is_utf8($content);
    return { kind => $kind, name => readable($name), filename => readable($filename),
             base64 => MIME::Base64::encode_base64($content, '') };
}

sub slurp { my $handle = shift; binmode $handle; local $/; my $text = <$handle>; defined $text ? $text : '' }

sub read_echo {
    my ($type, $body) = @_;
    return (shown('field', 'content-type', undef, $type), shown('file', 'body', 'body', $body));
}

sub read_plack {
    my ($type, $body) = @_;
    open my $input, '<', \$body or die $!;
    my $request = Plack::Request->new({ REQUEST_METHOD => 'POST', CONTENT_TYPE => $type, CONTENT_LENGTH => length $body,
        'psgi.input' => $input, 'psgix.input.buffered' => 1, QUERY_STRING => '', PATH_INFO => '/' });
    my @parts;
    $request->body_parameters->each(sub { push @parts, shown('field', $_[0], undef, $_[1]) });
    $request->uploads->each(sub {
        open my $file, '<', $_[1]->path or return;
        push @parts, shown('file', $_[0], $_[1]->filename, slurp($file));
    });
    return @parts;
}

sub read_cgi {
    my ($type, $body) = @_;
    local %ENV = (%ENV, REQUEST_METHOD => 'POST', CONTENT_TYPE => $type, CONTENT_LENGTH => length $body);
    open my $input, '<', \$body or die $!;
    CGI::initialize_globals();
    local *STDIN;
    open STDIN, '<', \$body or die $!;
    my $form = CGI->new;
    my @parts;
    for my $name ($form->multi_param) {
        # Holds all of a body that is no form.
        next if $name eq 'POSTDATA';
        my @files = $form->upload($name);
        push @parts, map { shown('file', $name, "$_", slurp($_)) } @files;
        push @parts, map { shown('field', $name, undef, "$_") } $form->multi_param($name) if !@files;
    }
    return @parts;
}

sub serve {
    my $socket = shift;
    while (1) {
        local $/ = "\r\n";
        my $start = <$socket>;
        return if !defined $start;
        my %headers;
        while (defined(my $line = <$socket>)) {
            last if $line eq "\r\n";
            $line =~ s/\r\n\z//;
            my ($name, $value) = split /:/, $line, 2;
            $value =~ s/\A[ \t]+|[ \t]+\z//g;
            $headers{ lc $name } = $value;
        }
        my $body = '';
        read $socket, $body, $headers{'content-length'} || 0;
        my ($parser) = $start =~ m{\A\S+ /([^/ ]+)};
        my $type = defined $headers{'content-type'} ? $headers{'content-type'} : '';
        local $/ = "\n";
        my @parts = eval { local $SIG{__WARN__} = sub { }; $parsers{$parser}->($type, $body) };
        my $answer = $@ ? { error => readable("$@"), parts => [@parts] } : { parts => [@parts] };
        my $text = JSON::PP->new->utf8->encode($answer);
        print $socket "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ", length $text, "\r\n\r\n", $text;
    }
}

my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64, ReuseAddr => 1) or die $!;
$SIG{CHLD} = 'IGNORE';
$| = 1;
print join(' ', $server->sockport, @names), "\n";
while (my $client = $server->accept) {
    next if fork;
    binmode $client;
    $client->autoflush(1);
    serve($client);
    exit 0;
}
