# Drives SOAP::Lite: soap.pl wsdl|proxy [latin1].
#
#   latin1  requests are written in ISO-8859-1, and texts said to be texts;
#           otherwise those that are not ASCII are written in base64

use strict;
use warnings;
use Digest::MD5;
use Digest::SHA;
use Encode;
use JSON::PP;
use POSIX qw(strftime);
use Scalar::Util qw(blessed reftype);
use SOAP::Lite;

$| = 1;
my %how = map { $_ => 1 } @ARGV;
my $url = "$ENV{LATCHKEY_URL}/soap/6.0/";
my $json = JSON::PP->new->utf8->allow_nonref;

# A fault ends the call. It is all that a caller by WSDL sees of the answer.
my $fault;
sub fault {
    my ($soap, $answer) = @_;
    $fault = ref $answer
        ? {code => $answer->faultcode, message => $answer->faultstring}
        : {code => 'transport', message => $soap->transport->status};
    return $answer;
}

my $client = $how{wsdl}
    ? SOAP::Lite->service("$url?wsdl")
    : SOAP::Lite->proxy($url)->uri('urn:2checkout:soap:6.0');
$client->on_fault(\&fault);
$client->encoding('iso-8859-1') if $how{latin1};

# hmac_md5 is in no module that Perl always has.
sub hmac_md5 {
    my ($text, $key) = @_;
    $key = Digest::MD5::md5($key) if length $key > 64;
    $key .= "\0" x (64 - length $key);
    return Digest::MD5::md5_hex(($key ^ ("\x5c" x 64)) . Digest::MD5::md5(($key ^ ("\x36" x 64)) . $text));
}

sub proof {
    my ($code, $key, $algorithm) = @_;
    my $date = strftime('%Y-%m-%d %H:%M:%S', gmtime);
    my $text = length($code) . $code . length($date) . $date;
    my $hash = $algorithm eq 'md5' ? hmac_md5($text, $key) : Digest::SHA::hmac_sha256_hex($text, $key);
    return [$date, $hash];
}

# plain returns what a call has returned without the names of its classes.
sub plain {
    my ($value) = @_;
    my $type = reftype $value or return $value;
    return [map { plain($_) } @$value] if $type eq 'ARRAY';
    return {map { $_ => plain($value->{$_}) } keys %$value} if $type eq 'HASH';
    die "it returned a $type";
}

sub call {
    my ($asked) = @_;
    my ($method, @args) = ($asked->{method}, map { perlish($_) } @{$asked->{args}});
    undef $fault;
    my $result = $how{wsdl} ? $client->$method(@args) : $client->call($method, @args);
    my ($status) = $client->transport->proxy->code =~ /^(\d+)/;
    return {fault => $fault, status => $status + 0} if $fault;
    return {result => plain($how{wsdl} ? $result : $result->result), status => $status + 0};
}

# perlish returns what JSON says as Perl programs say it.
sub perlish {
    my ($value) = @_;
    return [map { perlish($_) } @$value] if ref $value eq 'ARRAY';
    return {map { $_ => perlish($value->{$_}) } keys %$value} if ref $value eq 'HASH';
    return $value ? 1 : 0 if JSON::PP::is_bool($value);
    return $value unless $how{latin1} and defined $value;
    return SOAP::Data->type(string => Encode::encode('iso-8859-1', $value));
}

while (my $line = <STDIN>) {
    my $asked = $json->decode($line);
    my $answer = eval { $asked->{sign} ? {result => proof(@{$asked->{sign}})} : call($asked) } || {broken => "$@"};
    print $json->encode($answer), "\n";
}
